"""What lite-vlm is asked about in `real_weights.py`: pictures that it never saw, and their truth.

Composed scenes on walls that were held out, with photographed things in their own colours
(*typical*) or others (*counter*), and the held-out photographs. Nothing is planted anywhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from fretboard.core.words import Word
from fretboard.lite_vlm.checkpoint.spare import COLOURS
from fretboard.lite_vlm.train.evaluation import CELLS, FIRST_SEED, photographs
from fretboard.lite_vlm.train.kinds import imagenet_nouns, related
from fretboard.lite_vlm.train.scenes import Folders, Thing, sample_scene
from fretboard.lite_vlm.train.stamps import own_colour, stamps
from fretboard.studies.items import StudyItem
from fretboard.studies.truth.words import Judgement, Verdict

SEEDS = {"typical": 10 * FIRST_SEED, "counter": 11 * FIRST_SEED}  # evaluation's lie below
DESCRIBE, WHAT = "Describe the image.", "What is in the image?"
LONGEST_NOUN = 3  # words


@dataclass(frozen=True)
class StampTruth:
    """What a picture shows: nouns that name it; of a thing its colour here and as photographed."""

    nouns: tuple[str, ...]
    colours: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    kind: str = "scene"
    label: str | None = None

    def judge(self, prompt: str, answer: str, words: Sequence[Word]) -> Judgement:
        """Nouns that the question doesn't name itself, and colours of things that are there.

        A noun that names nothing here, nor its kin, is hallucinated; so is a thing's own colour
        where it has another, and any other false colour is wrong.
        """
        said = [word.text.lower() for word in words]
        verdicts: list[Verdict | None] = [None] * len(words)
        nouns = dict(_nouns(said))
        for at, noun in nouns.items():
            if noun not in prompt.lower():
                there = any(related(noun, other) for other in self.nouns)
                verdicts[at] = "correct" if there else "hallucinated"
        for at, word in enumerate(said):
            owner = nouns.get(at + 1) or next((nouns[n] for n in sorted(nouns)[::-1] if n < at), "")
            if word in COLOURS and owner in self.colours:
                verdicts[at] = colour_verdict(word, *self.colours[owner])
        return Judgement(None, verdicts)


@dataclass(frozen=True)
class StampScene:
    """One scene as a file, its truth, its things, and the one whose colour is asked for."""

    path: Path
    shown: StampTruth
    things: tuple[Thing, ...]
    asked: str


def colour_verdict(stated: str, here: str, own: str | None) -> Verdict:
    """Of a stated colour."""
    if stated == here:
        return "correct"
    return "hallucinated" if stated == own else "wrong"


@cache
def known_nouns() -> frozenset[str]:
    """Every noun that the model was trained on; a colour's word counts as a colour."""
    return frozenset({stamp.noun for stamp in stamps()} | {*imagenet_nouns(), "person"}) - {
        *COLOURS
    }


def _nouns(said: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Index of the first word and the noun, the longest that fits, in either number."""
    at = 0
    while at < len(said):
        for length in range(LONGEST_NOUN, 0, -1):
            phrase = " ".join(said[at : at + length])
            noun = next((n for n in (phrase, phrase.removesuffix("s")) if n in known_nouns()), "")
            if noun:
                yield at, noun
                at += length - 1
                break
        at += 1


def scenes(cell: str, count: int, folders: Folders, output: Path) -> list[StampScene]:
    """The first ``count`` scenes of the cell in which a thing's colour can be asked for: its own
    (*typical*), or another than it was photographed in (*counter*)."""
    output.mkdir(parents=True, exist_ok=True)
    found: list[StampScene] = []
    seed = SEEDS[cell]
    while len(found) < count:
        picture, things = sample_scene(seed, CELLS[cell], folders)
        colours = {
            thing.noun: (thing.colour, own_colour(folders.stamps, thing.stamp))
            for thing in things
            if thing.colour
        }
        fitting = [
            noun
            for noun, (here, own) in colours.items()
            if own and (here == own) == (cell == "typical")
        ]
        if fitting:
            path = output / f"{cell}-{seed}.png"
            picture.save(path)
            shown = StampTruth(tuple(thing.noun for thing in things), colours)
            found.append(StampScene(path, shown, tuple(things), fitting[0]))
        seed += 1
    return found


def scene_items(cell: str, pictures: Sequence[StampScene]) -> list[StudyItem]:
    """Of each scene the question for a colour, and for a description."""
    return [
        StudyItem(f"{cell} {kind} {number}", picture.path, prompt, picture.shown)
        for number, picture in enumerate(pictures)
        for kind, prompt in (
            ("colour", f"What color is the {picture.asked}?"),
            ("description", DESCRIBE),
        )
    ]


def photograph_items(folder: Path, count: int) -> list[StudyItem]:
    """The held-out photographs, asked for what they show."""
    rows = list(photographs(folder))[:count]
    return [
        StudyItem(f"photograph object {number}", path, WHAT, StampTruth(tuple(nouns)))
        for number, (path, nouns) in enumerate(rows)
    ]
