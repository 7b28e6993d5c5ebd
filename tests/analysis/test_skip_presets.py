"""Skip presets: which layers a document's depths map to, at every depth count."""

import pytest

from fretboard.analysis.skip_presets import PRESETS, last_layers, preset_layers
from fretboard.core.analysis import Analysis, ModelInfo, Stages, Token
from fretboard.core.errors import InputError
from fretboard.core.question import AnalysisRequest
from tests.support.random_data import fresh


def answer(layers: int, critical: int | None, mutations: list[int | None]) -> Analysis:
    tokens = [
        Token(
            index=i, id=i, text="x", probability=1, log_probability=0, rank=1, entropy=0,
            mutation_depth=depth,
        )
        for i, depth in enumerate(mutations)
    ]  # fmt: skip
    stages = Stages(
        method="automatic", critical_depth=critical, critical_interval=None,
        probability_depth=None, thresholds={},
    )  # fmt: skip
    model = ModelInfo(name="m", revision="r", family="f", layers=layers, width=8, vocabulary=9)
    request = AnalysisRequest(prompt="p", model="m")
    return Analysis(id="a", request=request, model=model, tokens=tokens, stages=stages)


def depths_after(layers: int, skipped: tuple[int, ...]) -> list[int]:
    """The depth each of the depths 0…L stands for when a skipped layer changes nothing."""
    standing = [0]
    for layer in range(layers):
        standing.append(standing[-1] if layer in skipped else layer + 1)
    return standing


def test_the_presets_of_llava_7b():
    analysis = answer(32, 18, [None, 29, 31, None, 29])
    assert preset_layers("skip.1", analysis) == tuple(range(18, 28))  # the paper: about 10
    assert preset_layers("skip.2", analysis) == (28, 30)
    assert preset_layers("skip.3", analysis) == tuple(range(18, 27))


def test_what_skipping_leaves_holds_for_random_nodes():
    random = fresh()
    for _ in range(200):
        layers = int(random.integers(12, 81))
        critical = int(random.integers(1, layers - last_layers(layers) - 2))
        mutations = random.integers(critical + 2, layers + 1, 3).tolist()
        analysis = answer(layers, critical, [*mutations, None])
        first = min(mutations)
        standing = depths_after(layers, preset_layers("skip.1", analysis))
        assert standing[first - 1] == critical  # nothing between the nodes has run
        assert standing[first] == first  # the mutation itself has
        only = preset_layers("skip.2", analysis)
        assert set(only) == {depth - 1 for depth in mutations}
        last = preset_layers("skip.3", analysis)
        assert last[0] == critical
        assert layers - 1 - last[-1] == last_layers(layers)


@pytest.mark.parametrize(("layers", "kept"), [(32, 5), (12, 2), (80, 12), (4, 1)])
def test_the_last_layers_are_in_proportion(layers, kept):
    assert last_layers(layers) == kept


@pytest.mark.parametrize("preset", PRESETS)
def test_an_answer_without_stages_has_no_presets(preset):
    with pytest.raises(InputError, match="needs a"):
        preset_layers(preset, answer(12, None, [None]))


def test_an_empty_set_is_refused_not_run():
    with pytest.raises(InputError, match="skip no layer"):
        preset_layers("skip.1", answer(12, 7, [8]))
    with pytest.raises(InputError, match="skip no layer"):
        preset_layers("skip.3", answer(12, 11, [None]))
