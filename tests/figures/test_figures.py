"""Figures from hand-made documents: what is drawn is what the arrays say."""

import json
from pathlib import Path

import numpy as np
import pytest

from fretboard.core.analysis import Analysis, ModelInfo, Stages, Token
from fretboard.core.question import AnalysisRequest
from fretboard.core.reading import Lens, Reading, Scaling
from fretboard.core.vocabulary import Vocabulary
from fretboard.figures import (
    QUANTITIES,
    competition_figure,
    divergence_figure,
    fretboard_figure,
    profile_figure,
    trajectory_figure,
)
from fretboard.figures.trajectory import strings_of
from tests.support.random_data import fresh
from tests.support.tiny_models import make_tokenizer

LAYERS, TOKENS = 6, 4
PAGE = Path(__file__).parents[2] / "frontend" / "package.json"


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(make_tokenizer().backend_tokenizer.to_str())


@pytest.fixture
def analysis(vocabulary) -> Analysis:
    texts = (" red", " red", "<0x0A>", "</s>")
    tokens = [
        Token(index=i, id=300 + i, text=text, probability=1, log_probability=0, rank=1, entropy=0)
        for i, text in enumerate(texts)
    ]
    stages = Stages(
        method="automatic", critical_depth=3, critical_interval=(2, 4), probability_depth=3,
        thresholds={},
    )  # fmt: skip
    model = ModelInfo(name="m", revision="r", family="f", layers=LAYERS, width=8, vocabulary=320)
    request = AnalysisRequest(prompt="p", model="m")
    return Analysis(id="a1", request=request, model=model, tokens=tokens, stages=stages)


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    random = fresh()
    shape = (LAYERS + 1, TOKENS)
    return {
        "probability": random.random(shape, dtype=np.float32),
        "rank": random.integers(1, 300, shape, dtype=np.int32),
        "entropy": random.random(shape, dtype=np.float32) * 5,
        "jsd": random.random((LAYERS, TOKENS), dtype=np.float32) * 0.6,
        "top_ids": random.integers(0, 320, (*shape, 10), dtype=np.int32),
        "top_probabilities": np.sort(random.random((*shape, 10), dtype=np.float32))[..., ::-1],
    }


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_fretboard_cells_are_the_array(analysis, arrays, vocabulary, quantity):
    figure = fretboard_figure(analysis, arrays, vocabulary, quantity)
    heatmap = figure.data[0]
    expected = QUANTITIES[quantity].values(arrays)
    expected = np.log10(expected) if quantity == "rank" else expected
    np.testing.assert_allclose(heatmap.z, expected, rtol=1e-6)
    assert figure.layout.xaxis.tickvals == (0, 1, 2, 3)  # equal labels must not merge
    assert figure.layout.xaxis.ticktext[0] == figure.layout.xaxis.ticktext[1] == "·red"
    assert figure.layout.meta["unit"]


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_a_difference_is_drawn_around_a_true_zero(analysis, arrays, vocabulary, quantity):
    signed = {name: -2 * values if name != "top_ids" else values for name, values in arrays.items()}
    figure = fretboard_figure(
        analysis, signed, vocabulary, quantity, Reading(lens=Lens.DIFFERENCE), "dark"
    )
    heatmap = figure.data[0]
    assert heatmap.zmin == -heatmap.zmax
    assert heatmap.colorscale[2] == (0.5, "#26282C")
    assert "raw − normed" in heatmap.colorbar.title.text
    if quantity == "rank":
        np.testing.assert_allclose(
            heatmap.z, -np.log10(1 + np.abs(signed["rank"].astype(float))), rtol=1e-6
        )


def test_scaling_divides_by_the_largest_of_the_depth_or_token(analysis, arrays, vocabulary):
    arrays["jsd"][2] = 0.0  # a depth without any change stays at zero
    for scaling, axis in ((Scaling.DEPTH, 1), (Scaling.TOKEN, 0)):
        figure = fretboard_figure(
            analysis, arrays, vocabulary, "jsd", Reading(scaling=scaling), "light"
        )
        largest = np.abs(arrays["jsd"]).max(axis=axis, keepdims=True)
        expected = np.divide(
            arrays["jsd"], largest, out=np.zeros((LAYERS, TOKENS)), where=largest > 0
        )
        np.testing.assert_allclose(figure.data[0].z, expected, rtol=1e-6)
        assert f"scaled per {scaling}" in figure.data[0].colorbar.title.text


def test_two_analyses_share_their_colours(analysis, arrays, vocabulary):
    other = arrays | {"entropy": arrays["entropy"] * 3}
    ranges = [
        (figure.data[0].zmin, figure.data[0].zmax)
        for figure in (
            fretboard_figure(analysis, arrays, vocabulary, "entropy", beside=other),
            fretboard_figure(analysis, other, vocabulary, "entropy", beside=arrays),
        )
    ]
    assert ranges[0] == ranges[1] == (0.0, pytest.approx(float(other["entropy"].max())))


def test_profile_draws_the_means_of_both_sides(analysis, arrays):
    other = arrays | {"jsd": arrays["jsd"] * 0.5}
    sides = [(analysis, values, Reading()) for values in (arrays, other)]
    figure = profile_figure(sides[0], sides[1], "jsd")
    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]
    np.testing.assert_allclose(lines[0].y, arrays["jsd"].mean(1), rtol=1e-6)
    np.testing.assert_allclose(lines[1].y, arrays["jsd"].mean(1) / 2, rtol=1e-6)
    assert lines[0].name.startswith("A")
    assert "nats" in figure.layout.yaxis.title.text


def test_special_tokens_cannot_break_plotlys_html(analysis, arrays, vocabulary):
    figure = fretboard_figure(analysis, arrays, vocabulary)
    assert figure.layout.xaxis.ticktext[3] == "&lt;/s&gt;"
    assert "</s>" not in figure.data[0].customdata[0][3].replace("</b>", "")


def test_cell_words_are_cut_before_html_is_escaped(analysis, arrays, vocabulary):
    arrays["top_ids"][..., 0] = 2  # </s>
    figure = fretboard_figure(analysis, arrays, vocabulary)
    assert figure.data[0].text[0][0] == "&lt;/s&gt;"


def test_floats_travel_as_base64(analysis, arrays, vocabulary):
    text = json.loads(fretboard_figure(analysis, arrays, vocabulary).to_json())
    assert set(text["data"][0]["z"]) == {"dtype", "bdata", "shape"}


def test_competition_curves_are_columns_of_the_table(analysis, vocabulary):
    table = fresh().dirichlet(np.ones(400), LAYERS + 1)
    leaders = table.argmax(1)
    word = vocabulary.word("blue")
    figure = competition_figure(analysis, table, leaders, 1, [word], vocabulary)
    drawn = {trace.meta["token_id"]: trace for trace in figure.data}
    assert set(drawn) == {301, word.token_id, *leaders.tolist()}
    for token_id, trace in drawn.items():
        np.testing.assert_allclose(trace.y, table[:, token_id], rtol=1e-6)
    widths = {trace.meta["role"]: trace.line.width for trace in figure.data}
    assert widths["emitted"] > widths["word"]


def test_divergence_shows_the_token_and_the_mean_between_the_depths(analysis, arrays):
    figure = divergence_figure(analysis, arrays["jsd"], 2)
    mean, own = figure.data
    np.testing.assert_allclose(mean.y, arrays["jsd"].mean(1), rtol=1e-6)
    np.testing.assert_allclose(own.y, arrays["jsd"][:, 2])
    np.testing.assert_allclose(own.x, np.arange(LAYERS) + 0.5)
    assert "nats" in figure.layout.yaxis.title.text
    assert any("critical depth 3 (2–4)" in note.text for note in figure.layout.annotations)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_trajectory_has_a_path_per_token_and_a_point_per_depth(analysis, dimensions):
    points = fresh().normal(size=(LAYERS, TOKENS, dimensions)).astype(np.float32)
    figure = trajectory_figure(strings_of(analysis), points, 1, "t-SNE, seed 0")
    paths = [trace for trace in figure.data if trace.meta["part"] == "path"]
    assert [trace.meta["string"] for trace in paths] == list(range(TOKENS))
    dots = figure.data[-1]
    for place, (string, depth, token, analysis_id) in enumerate(dots.customdata):
        where = [getattr(dots, axis)[place] for axis in "xyz"[:dimensions]]
        np.testing.assert_allclose(where, points[depth - 1, string])
        assert (token, analysis_id) == (string, "a1")


@pytest.mark.parametrize(("color_by", "groups"), [("stage", 2), ("string", 4), ("word", 3)])
def test_trajectory_colours_cover_every_point_once(analysis, color_by, groups):
    points = fresh().normal(size=(LAYERS, TOKENS, 2)).astype(np.float32)
    figure = trajectory_figure(strings_of(analysis), points, 1, "", "dark", color_by, neck_end=4)
    dots = [trace for trace in figure.data if trace.meta["part"] == "points"]
    assert len(dots) == groups  # no token mutates; two words are the same
    cells = [tuple(cell[:2]) for trace in dots for cell in trace.customdata]
    assert len(cells) == len(set(cells)) == LAYERS * TOKENS
    neck = next(trace for trace in figure.data if trace.meta["part"] == "neck")
    np.testing.assert_allclose(neck.x, points[3, :, 0])
