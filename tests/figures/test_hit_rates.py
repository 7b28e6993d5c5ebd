"""What is warned of is what did not point, in the file that was measured."""

import json

import numpy as np
import pytest

from fretboard.figures import hit_rates
from fretboard.figures.saliency import WAYS, saliency_figure

CHANCE = 0.08


def run(way, kind, lows):
    rows = [
        {"depth": d, "share": low + 0.1, "low": low, "high": low + 0.2}
        for d, low in enumerate(lows)
    ]
    return {"way": way, "kind": kind, "chance": {"share": CHANCE}, "depths": rows}


@pytest.fixture
def measured(monkeypatch, tmp_path):
    """Attention fails at depths 1, 2 and for colours at all four; the rest points."""
    runs = [
        run(way, kind, [0.3] if way in ("activation", "ablation") else [0.3] * 4)
        for way in WAYS
        for kind in ("kind", "colour")
        if way != "attention"
    ]
    runs += [run("attention", "kind", [0.3, 0.0, 0.08, 0.3])]
    runs += [run("attention", "colour", [0.0] * 4)]
    names = {"kind": ["dog"], "colour": ["red"]}
    path = tmp_path / "hit_rates.json"
    path.write_text(json.dumps({"layers": 4, "names": names, "runs": runs}))
    monkeypatch.setattr(hit_rates, "MEASURED", path)
    hit_rates.result.cache_clear()
    yield
    hit_rates.result.cache_clear()


def test_the_sentence_names_what_did_not_point_and_by_how_much(measured):
    kind = hit_rates.warning(WAYS, " Dog")
    assert "attention at depths 1–2 (10 to 18 %) pointed at the object" in kind
    assert "no more often than chance (8 %): do not read this as where" in kind
    assert "rollout" not in kind
    assert "attention at depths 0–3 (10 %)" in hit_rates.warning(WAYS, "red")
    assert "attention at depths 0–3 (10 to 18 %)" in hit_rates.warning(WAYS, None)
    assert hit_rates.warning({"ablation": "ablation"}, "dog") == ""


def test_the_map_says_at_each_depth_whether_its_way_points(measured):
    random = np.random.default_rng(0)
    arrays = {way: random.random((4, 4, 1)) for way in WAYS}
    arrays |= {way: random.random((4, 1)) for way in ("activation", "ablation")}
    half = np.array([0, 0.5, 0, 0.5]), np.array([0, 0, 0.5, 0.5])
    corners = np.stack(half, 1)
    arrays["rectangles"] = np.concatenate([corners, corners + 0.5], 1)
    arrays["picture"] = np.zeros((8, 8, 3))
    figure = saliency_figure(arrays, [" dog"], 0)
    poor = []
    for step in figure.layout.sliders[0].steps:
        visible, titles = step.args
        assert sum(visible["visible"]) == len(WAYS)
        poor.append("<b>no better than chance 8 %</b>" in titles["annotations[0].text"])
        assert "pointed: kind 40 %<br>chance 8 %" in titles["annotations[1].text"]
    assert poor == [False, True, True, False]
    assert (
        figure.layout.annotations[0].text
        == figure.layout.sliders[0].steps[2].args[1]["annotations[0].text"]
    )


def test_the_package_holds_what_was_measured_of_every_way():
    assert {run["way"] for run in hit_rates.result()["runs"]} == set(WAYS)
    for run_ in hit_rates.result()["runs"]:
        shares = np.array([[row[k] for k in ("low", "share", "high")] for row in run_["depths"]])
        assert (np.diff(shares) >= -1e-9).all()
        assert 0 <= shares.min() <= shares.max() <= 1
