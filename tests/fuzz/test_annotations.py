"""Whatever an annotation file says, it gives items that can be asked and judged, or a sentence."""

import collections
import json
import shutil
import traceback
from pathlib import Path
from random import Random

import pytest
from hypothesis import settings

from fretboard.core.errors import FretboardError, InputError
from fretboard.core.question import Question
from fretboard.core.whole_file import read_file
from fretboard.core.words import merge_words
from fretboard.studies.sources import find_items
from fretboard.tiny_llava.world.scene import SceneMix, sample_scene
from tests.studies.test_sources import (
    AMBER_QUERIES,
    AMBER_TRUTHS,
    COCO,
    HUB_POPE,
    LLAVA_QUESTION,
    LLAVA_TALK,
    POPE,
    lines,
)
from tests.support.mutations import garbled, mutate, restructured
from tests.support.random_data import fresh

BIG = settings.get_current_profile_name() == "fuzz"
CASES = 1000 if BIG else 40  # of each format
WORDS = merge_words(["a", " red", " car", " and", " two", " people"])
LONGEST = 1200  # characters of a refusal, which may list the formats
SCENE = sample_scene(1, SceneMix()).truth()
OWN = {"image": "a.png", "prompt": "What?", "id": 7, "truth": "yes"}
INSTANCES = {
    "images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}],
    "annotations": [{"image_id": 1, "category_id": 3}],
    "categories": [{"id": 3, "name": "car"}, {"id": 4, "name": "dog"}],
}
FORMATS = {
    "own lines": {"a.jsonl": lines(OWN, OWN | {"truth": ["a car"]}, {"image": "b.png"})},
    "own list": {"a.json": [OWN | {"truth": {"truth": ["car"], "hallu": ["dog"]}}]},
    "scenes": {"a.json": [{"image": "a.png", "truth": SCENE}]},
    "beside": {"a.png": "", "a.json": SCENE},
    "pope": {"a.jsonl": lines(POPE, POPE | {"label": "yes "})},
    "pope of the hub": {"a.jsonl": lines(HUB_POPE, HUB_POPE | {"image": {"path": "own.png"}})},
    "llava questions": {"a.jsonl": lines(LLAVA_QUESTION, LLAVA_QUESTION)},
    "llava talks": {"a.json": [LLAVA_TALK]},
    "amber": {
        "a.json": AMBER_QUERIES,
        "annotations.json": AMBER_TRUTHS,
        "relation.json": {"sky": ["cloud"], "road": []},
        "safe_words.txt": "red\ntwo\n",
    },
    "captions": {"a.json": COCO},
    "instances": {"a.json": INSTANCES},
}


@pytest.mark.parametrize("name", FORMATS)
def test_no_annotation_file_brings_a_librarys_exception(tmp_path, name):
    outcomes, faults = collections.Counter(), {}
    for seed in fresh().integers(2**62, size=CASES).tolist():
        folder = tmp_path / "case"
        written(folder, FORMATS[name])
        act = damage(folder, Random(seed))
        try:
            outcome = judged(folder)
        except Exception as error:
            outcome, last = "fault", traceback.extract_tb(error.__traceback__)[-1]
            key = f"{type(error).__name__} {Path(last.filename).name}:{last.lineno}"
            faults.setdefault(key, f"seed {seed}, {act}: {error!r:.300}")
        outcomes[outcome] += 1
        shutil.rmtree(folder)
    print(f"\n{name}: {outcomes.total()} files, {dict(outcomes)}")
    assert not faults, "\n".join(f"{key}: {what}" for key, what in faults.items())
    assert outcomes["items"] > 0


def written(folder, files):
    folder.mkdir()
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / name).write_text(text)


def damage(folder: Path, chance: Random) -> str:
    """One of its files; in JSON lines, mostly one line of it."""
    path = chance.choice([path for path in sorted(folder.iterdir()) if path.suffix != ".png"])
    data = path.read_bytes()
    if data.count(b"\n") < 2 or path.suffix == ".txt" or chance.random() < 0.1:
        return mutate(path, chance)
    records = data.strip().split(b"\n")
    at = chance.randrange(len(records))
    records[at], act = (restructured if chance.random() < 0.8 else garbled)(records[at], chance)
    path.write_bytes(b"\n".join(records) + b"\n")
    return f"{path.name}, line {at + 1}: {act}"


def judged(folder: Path) -> str:
    """items or refused; AssertionError where a refusal is no sentence."""
    source = folder / "a.png" if (folder / "a.png").exists() else folder
    source = next(iter(sorted(folder.glob("a.json*"))), source) if source == folder else source
    try:
        items = find_items([str(source)], "What?")
    except InputError as refusal:
        check_sentence(refusal, folder)
        return "refused"
    for item in items:
        asked_about(item)
    return "items"


def asked_about(item) -> None:
    """Its picture read, its question put, an answer held against its truth and written down."""
    try:
        read_file(item.image)
        Question(prompt=item.prompt, image=None)
    except FretboardError as refusal:
        check_sentence(refusal, item.image)
    judgement = item.truth.judge(item.prompt, "a red car", WORDS) if item.truth else None
    row = [item.id, item.prompt, judgement and judgement.verdicts]
    json.dumps(row, ensure_ascii=False).encode()


def check_sentence(refusal: FretboardError, path: Path) -> None:
    """One line that ends as a sentence and names the file."""
    words = refusal.detail
    assert "\n" not in words, words
    assert words.endswith("."), words
    assert len(words) < LONGEST, words
    assert " ".join(str(path).split())[:100] in words, words
