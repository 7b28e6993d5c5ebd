"""The table of skip presets: overlaps and judgements by hand, and a run on the bundled model."""

import json
from collections import Counter

import numpy as np
import pytest

from fretboard.analysis.skip_presets import PRESETS
from fretboard.core.analysis import Analysis, ModelInfo, Token
from fretboard.core.errors import InputError
from fretboard.core.own_models import BUNDLED_MODEL
from fretboard.core.question import AnalysisRequest, Question
from fretboard.engine.session import Session
from fretboard.studies.items import StudyItem
from fretboard.studies.sources import find_items
from fretboard.studies.truth.words import ObjectLists
from fretboard.studies.variants.pairs import Judged, Pair, in_order, judge, kept_share, summarise
from fretboard.studies.variants.run import EMPTY, run_skips
from fretboard.tiny_llava.world.backdrop import render
from fretboard.tiny_llava.world.scene import SceneMix, sample_scene
from tests.support.random_data import fresh
from tests.support.settings import make_settings

WORDS = np.array(["a", "red", "dog", "left", "on"])


def longest_common(a, b):
    """By the textbook's table."""
    table = np.zeros((len(a) + 1, len(b) + 1), int)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            table[i + 1, j + 1] = (
                table[i, j] + 1 if x == y else max(table[i, j + 1], table[i + 1, j])
            )
    return int(table[-1, -1])


def test_overlaps_of_random_texts():
    random = fresh()
    for _ in range(200):
        a, b = (random.choice(WORDS, random.integers(1, 9)).tolist() for _ in range(2))
        expected = sum(min(n, Counter(b)[word]) for word, n in Counter(a).items()) / len(a)
        assert kept_share(a, b) == pytest.approx(expected)
        rouge = 2 * longest_common(a, b) / (len(a) + len(b))
        assert (set(a) & set(b) != set()) == (in_order(a, b) > 0)
        assert in_order(a, b) <= rouge + 1e-12
        assert in_order(a, a) == kept_share(a, a) == 1


@pytest.fixture
def drawn_scenes(tmp_path):
    """Six pictures with their truth beside them."""
    folder = tmp_path / "scenes"
    folder.mkdir()
    for seed in fresh().integers(10**6, 10**7, 6):
        scene = sample_scene(int(seed), SceneMix(typical=0.3))
        render(scene, 192).save(folder / f"{seed}.png")
        (folder / f"{seed}.json").write_text(json.dumps(scene.truth()))
    return folder


def pair(image, before, after, kept=1.0):
    judged = [Judged(*[count, wrong, count - wrong] * 2) for count, wrong in (before, after)]
    return Pair(0, image, "skip.1", (1, 2), "x", "y", kept, kept, *judged)


def test_shares_are_of_judged_words_and_changes_paired_by_image():
    pairs = [pair(f"{i}.png", (2, 1), (4, 1), 0.25) for i in range(5)]
    pairs += [pair(f"{i}.png", (2, 2), (1, 0), 0.75) for i in range(5, 10)]
    told = summarise(pairs)
    assert told["kept"].value == pytest.approx(0.5)
    assert told["kept"].low < 0.5 < told["kept"].high
    colors = told["hallucinated colours"]
    assert colors["plain"].value == pytest.approx(15 / 20)
    assert colors["skipped"].value == pytest.approx(5 / 25)
    assert colors["change"].value == pytest.approx(5 / 25 - 15 / 20)
    assert colors["change"].high < 0
    assert told["correct words"]["change"].value == pytest.approx(15 / 20 - 5 / 25)


def test_colours_of_a_photograph_are_not_the_drawn_world_s_alone(tmp_path):
    words = ["grey", "silver", "dog"]
    tokens = [
        Token(index=i, id=i, text=f" {word}", probability=1, log_probability=0, rank=1, entropy=0)
        for i, word in enumerate(words)
    ]
    model = ModelInfo(name="m", revision="r", family="f", layers=12, width=8, vocabulary=9)
    request = AnalysisRequest(prompt="p", model="m")
    analysis = Analysis(id="a", request=request, model=model, tokens=tokens)
    truth = ObjectLists(frozenset({"grey", "dog"}), frozenset({"silver"}))
    judged = judge(StudyItem("1", tmp_path / "1.jpg", "p", truth), analysis)
    assert (judged.colors, judged.colors_hallucinated, judged.colors_correct) == (2, 1, 1)
    assert (judged.words, judged.hallucinated, judged.correct) == (3, 1, 2)


def test_nothing_to_summarise_is_said_so():
    told = summarise([])
    assert (told["images"], told["kept"].value) == (0, None)
    assert told["hallucinated words"]["plain"] is None


def test_a_run_over_drawn_scenes(tmp_path, drawn_scenes):
    session = Session.open(make_settings(BUNDLED_MODEL, tmp_path / "store"), tmp_path / "out")
    items = find_items([str(drawn_scenes)], "Please describe this image in detail.")
    question = Question(max_new_tokens=40)
    table = run_skips(session, items, question, tmp_path / "out")
    assert table["done"] == len(items)
    rows = [json.loads(line) for line in (tmp_path / "out" / "answers.jsonl").open()]
    for preset in PRESETS:
        told = table["presets"][preset]
        mine = [row for row in rows if row["change"] == preset]
        assert told["images"] + told[EMPTY] + told["failed"] == len(items)
        assert len(mine) == told["images"]
        for row in mine:
            assert row["layers"]
            words = [row[name].lower().split() for name in ("plain_answer", "answer")]
            assert row["kept"] == kept_share(*words)
            plain = row["plain"]
            assert plain["words"] >= plain["colors"] >= plain["colors_correct"]
    assert any(row["plain"]["colors"] for row in rows)
    assert run_skips(session, items, question, tmp_path / "out") == table  # all from the record


def test_ctrl_c_ends_the_run_and_keeps_what_is_done(tmp_path, drawn_scenes, monkeypatch):
    session = Session.open(make_settings(BUNDLED_MODEL, tmp_path / "store"), tmp_path / "out")
    items = find_items([str(drawn_scenes)], "What is it?")
    done = []

    run = Session.run

    def stopping(session, analysis, picture):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(analysis.id)
        return run(session, analysis, picture)

    monkeypatch.setattr(Session, "run", stopping)
    table = run_skips(session, items, Question(max_new_tokens=4), tmp_path / "out")
    assert table["interrupted"]
    assert table["done"] >= 1
    assert table["done"] + sum(row["images"] for row in table["presets"].values()) == 2


def test_layers_of_ones_own_are_refused(tmp_path, drawn_scenes):
    items = find_items([str(drawn_scenes)], "What is it?")
    session = Session.open(make_settings(BUNDLED_MODEL, tmp_path), tmp_path)
    with pytest.raises(InputError, match="leave out skip_layers"):
        run_skips(session, items, Question(skip_layers="1"), tmp_path)
