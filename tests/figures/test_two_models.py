"""Two models on shared axes: depth is a share of all layers."""

import numpy as np
import pytest

from fretboard.core.analysis import Analysis, ModelInfo, Stages, Token
from fretboard.core.question import AnalysisRequest
from fretboard.core.reading import Lens, Reading
from fretboard.core.vocabulary import Vocabulary
from fretboard.figures import Competitor, both_competitions_figure, profile_figure
from tests.support.tiny_models import make_tokenizer

CRITICAL = 3


def answered(layers: int, revision: str, text: str, token_id: int) -> Analysis:
    stages = Stages(
        method="automatic", critical_depth=CRITICAL, critical_interval=None,
        probability_depth=None, thresholds={},
    )  # fmt: skip
    token = Token(
        index=0, id=token_id, text=text, probability=1, log_probability=0, rank=1, entropy=0
    )
    model = ModelInfo(
        name=revision, revision=revision, family="f", layers=layers, width=8, vocabulary=320
    )
    request = AnalysisRequest(prompt="p", model=revision)
    return Analysis(id=revision, request=request, model=model, tokens=[token], stages=stages)


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(make_tokenizer().backend_tokenizer.to_str())


@pytest.mark.parametrize(("revision", "end", "critical"), [("b", 1, (0.5, 0.25)), ("a", 12, None)])
def test_profiles_of_two_models_share_relative_depth(revision, end, critical):
    sides = [answered(6, "a", " red", 5), answered(12, revision, " red", 5)]
    lines = [
        ({"entropy": np.ones((side.model.layers + 1, 1), np.float32)}, Reading()) for side in sides
    ]
    figure = profile_figure((sides[0], *lines[0]), (sides[1], *lines[1]), "entropy")
    assert list(figure.layout.xaxis.range) == [0, end]
    drawn = [trace for trace in figure.data if trace.mode == "lines+markers"]
    if critical:
        assert [trace.x[-1] for trace in drawn] == [1, 1]
        assert tuple(shape.x0 for shape in figure.layout.shapes) == critical
    else:
        assert [trace.x[-1] for trace in drawn] == [6, 12]


def test_half_depths_lie_between_the_whole_ones(vocabulary):
    red = vocabulary.word("red")
    side = answered(6, "a", red.token_text, red.token_id)
    tables = [np.random.default_rng(0).random((rows, 400)) for rows in (7, 13)]
    whole, half = (Competitor(side, table, 0, vocabulary, Lens.NORMED) for table in tables)
    first, second = both_competitions_figure(whole, half).data
    np.testing.assert_array_equal(first.x, np.arange(7))
    np.testing.assert_array_equal(second.x, np.arange(13) / 2)
    np.testing.assert_allclose(second.y, tables[1][:, red.token_id], rtol=1e-6)


def test_the_words_of_both_are_followed_in_both(vocabulary):
    red, blue = (vocabulary.word(word) for word in ("red", "blue"))
    tables = [np.random.default_rng(0).random((layers + 1, 400)) for layers in (6, 12)]
    first = answered(6, "a", red.token_text, red.token_id)
    second = answered(12, "b", blue.token_text, blue.token_id)
    sides = [
        Competitor(side, table, 0, vocabulary, Lens.NORMED)
        for side, table in zip((first, second), tables, strict=True)
    ]
    figure = both_competitions_figure(*sides, words=["red", "日本"])
    found = {trace.name: trace for trace in figure.data}
    assert set(found) == {"A: red", "B: red", "A: blue", "B: blue"}  # neither has the third word
    for name, table, word in (("A: red", tables[0], red), ("B: red", tables[1], red)):
        np.testing.assert_allclose(found[name].y, table[:, word.token_id], rtol=1e-6)
        assert found[name].x[-1] == 1
    assert found["A: red"].line.color == found["B: red"].line.color != found["A: blue"].line.color
    assert found["A: red"].line.dash != found["B: red"].line.dash
