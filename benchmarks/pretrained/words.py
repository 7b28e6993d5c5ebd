"""Every judged word of the answers in `real_weights.py`, and what the image's own cells say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hallucination_flags import read_word
from PIL import Image
from pretrained.scenes import DESCRIBE, StampScene, photograph_items, scene_items, scenes

from fretboard.core.analysis import Analysis
from fretboard.core.question import Question
from fretboard.core.reading import Lens, Reading
from fretboard.core.words import merge_words
from fretboard.engine.derive import make_lens
from fretboard.engine.session import Session
from fretboard.lite_vlm.checkpoint.spare import COLOURS
from fretboard.lite_vlm.checkpoint.tower import GRID
from fretboard.lite_vlm.train.packages import test_folder, training_folders
from fretboard.lite_vlm.train.scenes import Thing
from fretboard.lite_vlm.train.stamps import stamps
from fretboard.model.inputs import build_inputs
from fretboard.model.patches import patch_states
from fretboard.studies.batch import StudyBatch
from fretboard.studies.items import StudyItem

NEW_TOKENS = 24
PAPER_LAYERS, PAPER_CRITICAL = 32, 18
EVERY = 5  # depths from one that the image's cells are read at to the next
LENSES = (Lens.NORMED, Lens.RAW)
FALSE = ("hallucinated", "wrong")
Record = dict[str, Any]


@dataclass(frozen=True)
class CellsRead:
    """Of one picture, by lens: each word's largest probability over cells and depths (V,); by
    lens, kind of word and measure the hits per depth and what chance gives."""

    internal: dict[Lens, np.ndarray]
    hits: list[tuple[str, np.ndarray, float]]


@dataclass
class WeightsStudy:
    """One model, the pictures, and where its records lie."""

    session: Session
    work: Path
    output: Path
    number: int  # of scenes a cell
    _looked: dict[Path, CellsRead] = field(default_factory=dict)

    @cached_property
    def pictures(self) -> dict[str, list[StampScene]]:
        """By cell."""
        folders = training_folders(self.work, print)
        return {
            cell: scenes(cell, self.number, folders, self.output / "pictures")
            for cell in ("typical", "counter")
        }

    @cached_property
    def items(self) -> list[StudyItem]:
        """All questions; an id begins with cell and kind."""
        drawn = [item for cell in self.pictures for item in scene_items(cell, self.pictures[cell])]
        return drawn + photograph_items(test_folder(self.work, print), 2 * self.number)

    @cached_property
    def answers(self) -> list[tuple[StudyItem, Analysis]]:
        """Every item answered."""
        question = Question(max_new_tokens=NEW_TOKENS)
        done = StudyBatch(self.session, question, self.items, self.output / "survey").run().done
        return [(self.items[number], self.session.store.read(done[number])) for number in done]

    def given(self, analysis: Analysis) -> Analysis:
        """Read with the paper's critical depth in proportion."""
        return self.session.read(analysis, Reading(critical_depth=self.depth(PAPER_CRITICAL)))

    def depth(self, of_paper: int) -> int:
        """A depth of the paper's model in proportion."""
        return round(of_paper / PAPER_LAYERS * self.session.served.layers)

    def few(self, each: int) -> list[StudyItem]:
        """The first questions of every kind about scenes."""
        kinds = [group(item) for item in self.items]
        places = [kinds[:at].count(kind) for at, kind in enumerate(kinds)]
        chosen = zip(self.items, kinds, places, strict=True)
        return [item for item, kind, at in chosen if at < each and "photograph" not in kind]

    def looked(self, path: Path) -> CellsRead:
        """What the lens says at the image's cells; each picture is read once."""
        if path not in self._looked:
            things = {p.path: p.things for each in self.pictures.values() for p in each}
            self._looked[path] = look(self, path, things.get(path, ()))
        return self._looked[path]


def group(item: StudyItem) -> str:
    """Cell and kind of question."""
    return " ".join(item.id.split()[:2])


@torch.inference_mode()
def look(study: WeightsStudy, path: Path, things: Sequence[Thing]) -> CellsRead:
    """Read the cells of one picture at every fifth depth."""
    checkpoint = study.session.pipeline.checkpoint
    image = Image.open(path).convert("RGB")
    states = patch_states(checkpoint, build_inputs(checkpoint, DESCRIBE, image, None))[::EVERY]
    internal, hits = {}, []
    for lens in LENSES:
        table = torch.stack(
            [row.log_softmax(-1) for row in make_lens(checkpoint.anatomy, lens).logits(states)]
        )
        internal[lens] = table.amax(dim=(0, 1)).exp().numpy()
        hits += [hit for thing in things if thing.cells for hit in _hits(study, lens, table, thing)]
    return CellsRead(internal, hits)


def _hits(
    study: WeightsStudy, lens: Lens, table: torch.Tensor, thing: Thing
) -> Iterator[tuple[str, np.ndarray, float]]:
    """Is the thing's word the likeliest of its kind at its middle cell, and its likeliest cell on
    it? ``table`` (depths, cells, V) of log-probabilities: far below the leader, shares are 0."""
    nouns = sorted({stamp.noun for stamp in stamps()})
    for kind, word, among in (("noun", thing.noun, nouns), ("colour", thing.colour, COLOURS)):
        if word is None:
            continue
        own, *others = (_token(study, each) for each in (word, *among))
        there = table[:, _middle(thing.cells)]
        named = there[:, own] >= there[:, others].amax(1)
        on = np.isin(table[..., own].argmax(1).numpy(), thing.cells)
        yield f"{lens} {kind}, named", named.numpy().astype(float), 1 / len(set(others))
        yield f"{lens} {kind}, pointing", on.astype(float), len(thing.cells) / GRID**2


def _middle(cells: Sequence[int]) -> int:
    """The cell of a thing nearest to the middle of them all."""
    places = np.stack(np.divmod(np.array(cells), GRID), axis=1)
    return cells[int(((places - places.mean(0)) ** 2).sum(1).argmin())]


def _token(study: WeightsStudy, word: str) -> int:
    """Id of its first piece."""
    return study.session.pipeline.vocabulary.ids(f" {word}")[0]


def judged(study: WeightsStudy) -> Iterator[Record]:
    """Every judged word: what the benchmark of flags reads of it, read with the given depth."""
    for item, analysis in study.answers:
        assert item.truth is not None
        said = merge_words([token.text for token in analysis.tokens])
        verdicts = item.truth.judge(str(item.prompt), analysis.answer or "", said).verdicts
        given = study.given(analysis)
        for word, verdict in zip(said, verdicts, strict=True):
            if verdict is None or word.kind == "function":
                continue
            text = word.text.lower()
            internal, token = study.looked(item.image).internal, _token(study, text)
            yield read_word(given, word) | {
                "seed": str(item.image),
                "group": group(item),
                "of": verdict,
                "verdict": "hallucinated" if verdict in FALSE else "correct",
                "part": "colour" if text in COLOURS else "kind",
                "internal": 1 - float(internal[Lens.NORMED][token]),
                "internal_raw": 1 - float(internal[Lens.RAW][token]),
                "ahead": drawn_ahead(study, item, analysis, word.tokens[0])
                if text in COLOURS and verdict in FALSE
                else None,
            }


def drawn_ahead(
    study: WeightsStudy, item: StudyItem, analysis: Analysis, token: int
) -> list[int] | None:
    """Depths of the later half at which the drawn colour is likelier than the one stated."""
    pictures = [p for own in study.pictures.values() for p in own if p.path == item.image]
    if not pictures or "colour" not in group(item):
        return None
    own = _token(study, pictures[0].shown.colours[pictures[0].asked][0])
    table = study.session.arrays.distribution(analysis, token, Lens.NORMED)
    ahead = np.flatnonzero(table[:-1, own] > table[:-1, analysis.tokens[token].id])
    return [int(depth) for depth in ahead if depth >= len(table) // 2]
