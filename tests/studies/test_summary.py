"""Summary and comparison of made-up tables whose figures are known beforehand."""

import numpy as np
import pytest

from fretboard.core.analysis import Analysis, ModelInfo, Stages, TokenReversal
from fretboard.core.analysis import Token as DocumentToken
from fretboard.core.question import AnalysisRequest, ImageInfo
from fretboard.studies.items import StudyItem
from fretboard.studies.survey.comparison import compare
from fretboard.studies.survey.rows import token_rows, write_rows
from fretboard.studies.survey.summary import read_table, summarise, words
from fretboard.studies.truth.words import ObjectLists

TEXTS = [" A", " c", "at", " and", " a", " dog", "."]
TRUTH = ObjectLists(frozenset({"dog"}), frozenset({"cat"}))


def analysis(number, *, prompt="What?", layers=12, critical=5, mutation=9, probability=7):
    """The last piece of `cat` mutates, by a reversal; everything else is stable."""
    tokens = [
        DocumentToken(
            index=t, id=t, text=text, probability=0.5, log_probability=np.log(0.5), rank=1,
            entropy=1.0, token_class="mutation" if t == 2 else "stable",
            mutation_depth=mutation if t == 2 else None,
            reversal=TokenReversal(rival_id=1, rival_text=" dog", from_depth=5, to_depth=8,
                              overturned_at=9) if t == 2 else None,
        )
        for t, text in enumerate(TEXTS)
    ]  # fmt: skip
    return Analysis(
        id=f"{number:032}",
        status="done",
        request=AnalysisRequest(
            prompt=prompt,
            model="made-up",
            image=ImageInfo(sha256=f"{number:064}", width=1, height=1, media_type="image/png"),
        ),
        model=ModelInfo(
            name="made-up", revision="0", family="f", layers=layers, width=1, vocabulary=9
        ),
        answer="A cat and a dog.",
        tokens=tokens,
        stages=Stages(
            method="automatic",
            critical_depth=critical,
            critical_interval=(critical - 1, critical + 1),
            probability_depth=probability,
            thresholds={},
        ),
    )


def table(path, analyses, truth=TRUTH):
    groups = (
        token_rows(number, StudyItem(str(number), path / f"{number}.png", None, truth), each)
        for number, each in enumerate(analyses)
    )
    assert write_rows(path / "tokens.parquet", groups) == len(TEXTS) * len(analyses)
    return read_table(path / "tokens.parquet")


def test_rows_hold_the_document_s_values(tmp_path):
    [row] = [
        r for r in token_rows(0, StudyItem("x", tmp_path, None, TRUTH), analysis(1)) if r["rival"]
    ]
    assert (row["token"], row["text"], row["word"], row["word_index"]) == (2, "at", "cat", 1)
    assert (row["class"], row["mutation_depth"], row["reversal"]) == ("mutation", 9, True)
    assert (row["rival"], row["rival_from"], row["rival_to"], row["overturned_at"]) == (
        " dog", 5, 8, 9)  # fmt: skip
    assert (row["critical_depth"], row["critical_low"], row["critical_high"]) == (5, 4, 6)
    assert (row["truth_kind"], row["verdict"], row["answer_correct"]) == (
        "objects", "hallucinated", None)  # fmt: skip


def test_a_summary_of_known_figures(tmp_path):
    criticals = [4, 5, 5, 6, 7]
    tokens = table(tmp_path, [analysis(n, critical=c) for n, c in enumerate(criticals)])
    found = summarise(tokens)
    assert (found["images"], found["answers"], found["words"], found["tokens"]) == (5, 5, 30, 35)
    assert found["critical_depth"]["mean"].value == pytest.approx(np.mean(criticals))
    assert found["critical_depth"]["median"].value == 5
    assert found["critical_depth"]["distribution"] == {"4": 1, "5": 2, "6": 1, "7": 1}
    assert found["critical_interval_width"].value == 2
    views = found["views"]
    assert views["difference"].value == pytest.approx(np.mean([7 - c for c in criticals]))
    assert views["distribution"] == {"0": 1, "1": 1, "2": 2, "3": 1}
    assert views["equal"].value == pytest.approx(0.2)
    assert views["within_one"].value == views["within_interval"].value == pytest.approx(0.4)
    classes = found["classes"]
    assert classes["content"]["mutation"].value == pytest.approx(1 / 3)  # c, at, dog
    assert classes["function"]["stable"].value == 1
    assert found["mutation_depth"]["function"]["mean"].value is None
    truth = found["truth"]
    assert truth["words"] == {"correct": 5, "hallucinated": 5, "wrong": 0, "unconfirmed": 0}
    assert truth["correct"].value == pytest.approx(0.5)
    assert truth["by_verdict"]["hallucinated"]["reversal"].value == 1
    assert truth["by_verdict"]["correct"]["reversal"].value == 0


def test_without_truth_nothing_is_said_of_it(tmp_path):
    assert summarise(table(tmp_path, [analysis(1)], truth=None))["truth"] is None


def test_a_word_has_a_reversal_when_any_of_its_tokens_has(tmp_path):
    said = words(table(tmp_path, [analysis(1), analysis(2)]))
    assert said["word"].tolist() == ["A", "cat", "and", "a", "dog", "."] * 2
    assert said["reversal"].tolist() == [0, 1, 0, 0, 0, 0] * 2


def both(tmp_path, mine, theirs):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    found = compare(table(tmp_path / "a", mine), table(tmp_path / "b", theirs))
    return found, {measure["key"]: measure for measure in found["measures"]}


def test_a_paired_comparison_takes_shared_questions_only(tmp_path):
    mine = [analysis(n, critical=5 + n % 2) for n in range(8)]
    theirs = [analysis(n, critical=4 + n % 2) for n in range(2, 12)]
    found, measures = both(tmp_path, mine, theirs)
    assert (found["paired_by"], found["pairs"]) == ("image and prompt", 6)
    assert found["same_answer"].value == 1
    # each answer moved by one depth: a paired difference has no spread at all
    difference = measures["critical_depth"]["difference"]
    assert [difference.value, difference.low, difference.high] == pytest.approx([1, 1, 1])
    assert measures["mutation_depth"]["difference"].value == 0


def test_other_prompts_pair_by_image_and_other_images_not_at_all(tmp_path):
    mine = [analysis(n) for n in range(6)]
    found, _ = both(tmp_path, mine, [analysis(n, prompt="Else?") for n in range(6)])
    assert (found["paired_by"], found["pairs"]) == ("image", 6)
    (tmp_path / "more").mkdir()
    found, measures = both(tmp_path / "more", mine, [analysis(n, critical=3) for n in range(9, 15)])
    assert (found["paired_by"], found["pairs"], found["same_answer"]) == ("none", 0, None)
    assert measures["critical_depth"]["difference"].value == 2


def test_models_of_other_depth_are_compared_by_share_of_their_layers(tmp_path):
    theirs = [analysis(n, layers=24, critical=10, mutation=18, probability=14) for n in range(4)]
    found, measures = both(tmp_path, [analysis(n) for n in range(4)], theirs)
    assert found["depths_relative_to_layers"]
    assert measures["critical_depth"]["unit"] == "share of L"
    assert measures["critical_depth"]["this"].value == pytest.approx(5 / 12)
    assert measures["critical_depth"]["difference"].value == pytest.approx(0)
