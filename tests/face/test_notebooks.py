"""The notebooks run as they are, and their text says what the numbers say."""

from typing import Any

import numpy as np
import pytest

from tests.support.notebooks import FOLDER, cells, run

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LARGEST = 50_000  # bytes: outputs stay small


def ran(number: int) -> tuple[dict[str, Any], list[str]]:
    return run(next(path for path in NOTEBOOKS if path.name.startswith(f"{number}-")))


def says(analysis, *sentences: str) -> bool:
    return all(sentence in analysis.answer for sentence in sentences)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_opens_in_colab(path):
    texts = [cell["source"] for cell in cells(path)]
    assert "colab.research.google.com" in texts[0]
    code = [cell["source"] for cell in cells(path) if cell["cell_type"] == "code"]
    assert '"fretboard-vlm[worker]"' in code[0]
    assert path.stat().st_size < LARGEST


def test_a_first_look(desk):
    names, shown = ran(1)
    a = names["a"]
    assert "“blue” led from depth 2 to 11; “brown” took over at 12" in a.tokens[32].story
    assert (a.stages.critical_depth, a.stages.critical_interval) == (7, (4, 7))
    assert "brown" in shown[2]


def test_the_papers_figures(desk):
    names, _ = ran(2)
    a, paper, blind = names["a"], names["paper"], names["blind"]
    assert [token.text for token in (a.tokens[13], a.tokens[18])] == [" sheep", " white"]
    assert (a.tokens[13].token_class, a.tokens[18].token_class) == ("stable", "mutation")
    nodes = [(each.stages.critical_depth, each.tokens[18].mutation_depth) for each in (a, paper)]
    assert nodes[0] == nodes[1]
    assert blind.stages.verdict == "stages"
    assert len(names["s"].members) == 12


def test_find_a_hallucination_and_undo_it(desk):
    names, shown = ran(3)
    assert [token.text for token in names["a"].flags] == [" brown", " white"]
    assert says(names["b"], "The dog is blue.", "The sheep is red.")
    assert "Layer 9 is needed most" in names["knockout"].find(names["brown"]).sentence
    assert "The largest part is the attention of layer 9" in (
        names["attribution"].find(names["brown"]).sentence
    )
    assert says(names["alone"], "The dog is blue.", "The sheep is white.")
    repairs = next(text for text in shown if text.startswith("dola"))
    true_colours = [line.count("blue") + line.count("red") for line in repairs.splitlines()]
    assert true_colours == [0, 2, 2, 1]
    assert names["without"].answer == names["right"].answer


def test_compare_two_models(desk):
    names, _ = ran(4)
    a, b = names["a"], names["b"]
    assert (a.stages.verdict, b.stages.verdict) == ("stages", "none")
    assert a.probability[-1].mean() > 0.9
    np.testing.assert_allclose(b.probability.mean(1), 1 / 590, atol=1e-3)
    assert a.entropy[0].mean() < 0.5
    assert b.entropy.mean() > 6.3


def test_a_new_lens(desk):
    names, _ = ran(5)
    logit, regression = names["curves"].values()
    assert np.all(logit[:11] / regression[:11] > 1.8)
    assert logit[0] / regression[0] < 8
    brown, blue = (names["words"][word] for word in ("brown", "blue"))
    curves = [values[:, names["dog"]] for values in (names["logit"], names["regression"])]
    leads = [np.flatnonzero(each[:, blue] > each[:, brown])[-1] + 1 for each in curves]
    assert leads == [12, 11]
    assert (names["regression"][0].argmax(-1) == names["ids"]).mean() > 0.5


def test_survey_to_a_dataframe(desk):
    names, _ = ran(6)
    flagged = names["flagged"]
    assert len(flagged) == 9
    for item, rival in zip(flagged["item"], flagged["rival"], strict=True):
        assert rival.strip() in item  # the picture's name says what is drawn
    assert (names["answers"]["probability_depth"] == 2).all()
