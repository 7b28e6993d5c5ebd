"""Findings in words: the numbers are those of curves whose truth is known by construction."""

import numpy as np
import pytest

from fretboard.analysis.causal_tests import find
from fretboard.core.analysis import Analysis, ModelInfo
from fretboard.core.causal_test import SPANS, Kind, Taught, planned
from fretboard.core.errors import InputError
from fretboard.core.question import AnalysisRequest, ImageInfo
from tests.support.random_data import fresh

LAYERS, TOKENS = 8, 3


def document(kind):
    image = ImageInfo(sha256="0" * 64, width=9, height=9, media_type="image/png")
    request = AnalysisRequest(prompt="what", model="tiny", image=image)
    model = ModelInfo(name="tiny", revision="0", family="x", layers=LAYERS, width=4, vocabulary=9)
    tokens = [Taught(index=t, id=t, text=f" word{t}", log_probability=-1) for t in range(TOKENS)]
    head = planned(Analysis(id="0" * 32, request=request, model=model), kind)
    rivals = [" red", "<0xE2>", " blue"]
    return head.model_copy(update={"tokens": tokens, "note": {"rivals": rivals}})


@pytest.fixture
def random():
    return fresh()


def test_the_cut_tells_where_the_image_stops_mattering(random):
    until, sign = int(random.integers(2, LAYERS)), float(random.choice([-1, 1]))
    table = np.full((LAYERS + 1, TOKENS), -2.0)
    table[:until] -= sign * np.linspace(4, 2.5, until)[:, None]  # more than half until there
    table[until] -= sign  # a quarter
    found = find(document(Kind.CUT), {"log_probability": table}, None)
    assert found.numbers == pytest.approx(
        {"whole": 4 * sign, "half_from": until, "settled_from": until + 1}
    )
    assert ("falls" if sign > 0 else "rises") in found.sentence
    assert f"depth {until} on" in found.sentence
    quiet = find(document(Kind.CUT), {"log_probability": np.full((9, 3), -1.0)}, 1)
    assert "hardly matters" in quiet.sentence
    assert "“word1”" in quiet.sentence


def test_patching_tells_both_depths_and_says_when_there_is_nothing(random):
    leaves, arrives = random.integers(2, LAYERS, 2)
    shares = np.zeros((LAYERS + 1, len(SPANS), TOKENS))
    shares[:leaves, SPANS.index("image")] = 0.9
    shares[arrives:, SPANS.index("predicting")] = 0.8
    shares[:, :, 2] = np.nan
    found = find(document(Kind.PATCHING), {"recovered": shares}, None)
    assert found.numbers == pytest.approx(
        {"at_start": 0.9, "half_from": leaves, "settled_from": leaves, "decided_from": arrives}
    )
    assert "90 %" in found.sentence
    nothing = find(document(Kind.PATCHING), {"recovered": shares}, 2)
    assert "makes no difference" in nothing.sentence
    assert set(nothing.numbers.values()) == {None}


def test_knockout_names_the_layer_that_is_needed(random):
    effect = random.uniform(-0.09, 0.09, (LAYERS, TOKENS))
    effect[4] = np.nan
    calm = find(document(Kind.KNOCKOUT), {"effect": effect}, 0)
    assert calm.sentence.startswith("No layer alone is needed")
    effect[5] = -3
    found = find(document(Kind.KNOCKOUT), {"effect": effect}, 0)
    assert found.numbers == {"layer": 5, "effect": -3.0, "quiet": 6, "layers": 7}


def test_attribution_sums_the_parts(random):
    arrays = {name: random.normal(size=(LAYERS, TOKENS)) for name in ("attention", "mlp")}
    arrays |= {name: random.normal(size=TOKENS) for name in ("embeddings", "constant")}
    arrays["whole"] = sum(value.sum(0) if value.ndim == 2 else value for value in arrays.values())
    arrays["attention"][3, 1] = 50
    arrays["whole"][1] = sum(
        value[..., 1].sum() for name, value in arrays.items() if name != "whole"
    )
    found = find(document(Kind.ATTRIBUTION), arrays, 1)
    parts = sum(found.numbers[name] for name in ("attention", "mlp", "rest"))
    assert parts == pytest.approx(found.numbers["whole"], rel=1e-5)
    assert (found.numbers["layer"], found.numbers["largest"]) == (3, 50)
    assert "from “0xE2”" in found.sentence
    with pytest.raises(InputError, match="tokens 0 to 2"):
        find(document(Kind.ATTRIBUTION), arrays, TOKENS)
