"""The paper's curves: numbers beside the pictures, sets of images, a run that goes on, the page."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from fretboard.analysis.skip_presets import preset_layers
from fretboard.core.analysis import Analysis, ModelInfo, Stages, Token
from fretboard.core.errors import InputError
from fretboard.core.question import AnalysisRequest
from fretboard.core.reading import Lens
from fretboard.core.settings import Settings
from fretboard.engine.session import Session
from fretboard.studies.paper import numbers as measures
from fretboard.studies.paper import run as command
from fretboard.studies.paper.interventions import hallucinated, skips, stated_colors
from fretboard.studies.paper.pictures import captioned, picture_sets
from fretboard.studies.paper.studio import Studio
from fretboard.tiny_llava.world.scene import Group, Scene
from tests.support.images import encode
from tests.support.random_data import fresh

SCENE_WITH_A_LATE_WORD = 0  # its star is drawn white and called yellow


@pytest.fixture(scope="module")
def settings() -> Settings:
    return Settings(_env_file=None, STORE_URL="memory://", device="cpu")


@pytest.fixture(scope="module")
def studio(settings, tmp_path_factory) -> Studio:
    folder = tmp_path_factory.mktemp("reproduce")
    return Studio(Session.open(settings, folder / "store"))


@pytest.fixture(scope="module")
def captions(settings, studio) -> list:
    return [(one, studio.ask(one.data)) for one in captioned(settings, None, 2)]


def answer(words: list[str], **more) -> Analysis:
    tokens = [
        Token(index=i, id=i, text=f" {word}", probability=1, log_probability=0, rank=1, entropy=0)
        for i, word in enumerate(words)
    ]
    model = ModelInfo(name="m", revision="r", family="f", layers=12, width=8, vocabulary=9)
    request = AnalysisRequest(prompt="p", model="m")
    return Analysis(id="a", request=request, model=model, tokens=tokens, **more)


def test_stated_colours_are_held_against_the_scene():
    box = ((0.0, 0.0, 1.0, 1.0),)
    groups = (
        Group("banana", "blue", 1, "small", "left", box),
        Group("sheep", "red", 1, "large", "right", box),
        Group("car", "pink", 1, "large", "middle", box),
    )
    said = "a small banana . The banana is yellow . a sheep . The sheep is red . The car is green"
    found = stated_colors(answer(said.split()), Scene(1, "lake", groups))
    assert [one.outcome for one in found] == ["prior", "true", "other"]
    assert [one.token.text for one in found] == [" yellow", " red", " green"]


def test_growth_is_measured_as_the_sentence_says():
    random = fresh()
    directions = random.normal(size=(30, 5))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    grown = np.arange(1, 11)[:, None, None] * directions * 3
    told = measures.growth_sentence(grown)
    assert "rank correlation with depth 1.00" in told
    assert "100% of the points" in told
    noise = random.normal(size=(10, 30, 5))
    radius = np.linalg.norm(noise - noise[0].mean(axis=0), axis=2).mean(axis=1)
    beside = 0
    for token in range(30):
        apart = cdist(noise[:, token], noise[:, token]) + np.diag([np.inf] * 10)
        beside += sum(abs(int(row.argmin()) - depth) == 1 for depth, row in enumerate(apart))
    told = measures.growth_sentence(noise)
    assert f"{radius[-1]:.3g} at the last" in told
    assert f"{beside / 300:.0%} of the points" in told


def test_mean_curves_are_those_of_the_classes():
    random = fresh()
    one, two = answer(["a", "b"]), answer(["c"])
    kinds = ("stable", "mutation", "stable")
    for token, kind in zip([*one.tokens, *two.tokens], kinds, strict=True):
        token.token_class = kind
    tables = [random.random((13, 2)), random.random((13, 1))]
    curves = measures.mean_curves([one, two], tables)
    np.testing.assert_allclose(curves["mutation"], tables[0][:, 1])
    np.testing.assert_allclose(curves["stable"], (tables[0][:, 0] + tables[1][:, 0]) / 2)


def test_a_stable_example_leads_by_the_critical_depth():
    stages = Stages(
        method="automatic", critical_depth=7, critical_interval=None, probability_depth=2,
        thresholds={},
    )  # fmt: skip
    caption = answer(["early", "late", "missed"], stages=stages)
    for token, emergence in zip(caption.tokens, (2, 6, 11), strict=True):
        token.token_class, token.emergence = "stable", emergence
    assert measures.example_of([caption], "stable")[1].text == " late"
    assert measures.example_of([caption], "mutation") is None


def test_pictures_of_a_real_model_lie_in_a_folder(tmp_path, random_image):
    other = Settings(_env_file=None, model="some/model", STORE_URL="memory://")
    with pytest.raises(InputError, match="--images"):
        captioned(other, None, 3)
    with pytest.raises(InputError, match="no pictures"):
        captioned(other, tmp_path, 3)
    (tmp_path / "flower").mkdir()
    for name in ("b.png", "a.png", "c.txt", *(f"flower/{i:02}.png" for i in range(14))):
        (tmp_path / name).write_bytes(encode(random_image, "PNG"))
    assert [one.name for one in captioned(other, tmp_path, 3)] == ["a.png", "b.png"]
    (chosen,) = picture_sets(other, tmp_path)
    assert chosen.prompt == "What is the color of the flower?"
    assert len(chosen.images) == 12
    (tmp_path / "sport").mkdir()
    with pytest.raises(InputError, match="sport holds 0 pictures"):
        list(picture_sets(other, tmp_path))


def test_skipped_captions_show_the_layers_of_their_own_stages(studio, captions):
    exhibit = skips(studio, captions)
    rows = [dict(zip(exhibit.tables["skips"], row, strict=True))
            for row in zip(*exhibit.tables["skips"].values(), strict=True)]  # fmt: skip
    assert [row["preset"] for row in rows] == ["none", "skip.1", "skip.2", "skip.3"] * 2
    for row in rows[1:4]:
        expected = preset_layers(row["preset"], captions[SCENE_WITH_A_LATE_WORD][1])
        assert row["layers"] == ", ".join(map(str, expected))
    assert rows[0]["same words"] == "1.00"


def test_untrue_colours_are_found_and_drawn_with_the_true_word(studio, captions):
    exhibit = hallucinated(studio, captions)
    assert exhibit.sentences[0].startswith("1 colour words of unusual objects are hallucinated")
    assert "“white” leads" in exhibit.sentences[2]
    figure = exhibit.pictures[1].figure
    names = {trace.name: trace for trace in figure.data}
    source, token = studio.session.arrays, 32
    table = source.distribution(captions[0][1], token, Lens.NORMED)
    word = source.vocabulary(captions[0][1]).word("white").token_id
    np.testing.assert_allclose(names["·white"].y, table[:, word], atol=1e-6)


def test_a_second_run_asks_the_model_nothing(settings, studio, captions):
    again = Studio(replace(studio.session))  # without its model
    assert [again.ask(one.data).id for one, _ in captions] == [a.id for _, a in captions]
    assert "pipeline" not in vars(again.session)  # loaded when first used: it was not needed


@pytest.mark.browser
def test_the_page_links_what_was_drawn(settings, tmp_path, monkeypatch):
    first = list(picture_sets(settings, None))[:1]
    monkeypatch.setattr(command, "picture_sets", lambda *_: iter(first))
    lines = list(command.reproduce(settings, tmp_path, None, 1))
    page = (tmp_path / "index.html").read_text()
    targets = set(re.findall(r'(?:src|href)="([^"#]+)"', page))
    assert all((tmp_path / Path(target)).is_file() for target in targets)
    assert len(targets) > 30
    assert sum(line.startswith("curve") for line in lines) == 8
    with (tmp_path / "guitar-animal.csv").open() as file:
        dispersion = [float(row["dispersion"]) for row in csv.DictReader(file)]
    assert len(dispersion) == 12
    assert dispersion[-1] > dispersion[0]
