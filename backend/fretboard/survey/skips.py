"""`fretboard skips`: what each preset of skipped layers leaves of many answers, with intervals.

Every image is answered plainly, then without the layers that each preset is for that answer; an
answer that a preset does not apply to is left out of it and counted. What is right or hallucinated
is judged as in a survey. Intervals resample images (`bootstrap.py`).
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np

from fretboard.document import Analysis
from fretboard.errors import InputError
from fretboard.presets import PRESETS, Preset, preset_layers
from fretboard.settings import Settings
from fretboard.survey.bootstrap import ImageBootstrap, Sample, mean_difference
from fretboard.survey.items import Item
from fretboard.survey.runner import Outcome, SurveyRequest, SurveyRun, check_any
from fretboard.survey.truth import Verdict
from fretboard.tiny_llava.world import COLORS
from fretboard.words import merge_words

ANSWERS = "answers.jsonl"
TABLE = "skips.json"
EMPTY = "no layers to skip"


@dataclass(frozen=True)
class Judged:
    """Words of an answer with a verdict, those hallucinated and correct: all, and colours alone."""

    words: int
    hallucinated: int
    correct: int
    colors: int
    colors_hallucinated: int
    colors_correct: int


@dataclass(frozen=True)
class Pair:
    """One image under one preset: the layers, what is kept (0…1), what is judged (None: no truth).

    kept: share of the plain answer's words that the other has too, whatever the order.
    in_order: 2 × words matched in order / words of both (difflib; at most ROUGE-L's F1).
    """

    record: int
    image: str
    preset: Preset
    layers: tuple[int, ...]
    plain_answer: str
    answer: str
    kept: float
    in_order: float
    plain: Judged | None
    skipped: Judged | None


def kept_share(plain: Sequence[str], other: Sequence[str]) -> float:
    """Share of the words of `plain`, each as often as it stands there, that `other` has too."""
    return (Counter(plain) & Counter(other)).total() / len(plain) if plain else 1.0


def in_order(plain: Sequence[str], other: Sequence[str]) -> float:
    """Overlap of two texts with their order: 1 for equal ones, 0 without a common word."""
    return SequenceMatcher(None, plain, other, autojunk=False).ratio()


def run_skips(
    settings: Settings, items: list[Item], request: SurveyRequest, output: Path
) -> dict[str, Any]:
    """Run or continue into `output`; returns the table, which is also written there.

    Ctrl-C ends the pass at hand: what is done is kept, presets that were not reached are missing.
    """
    if request.skip_layers:
        raise InputError("The presets are the layers to skip: leave out skip_layers.")
    run = SurveyRun(settings, request, items, output)
    plain = run.run()
    check_any(plain, output)
    pairs: list[Pair] = []
    table: dict[str, Any] = {"items": len(items), "done": len(plain.done), "presets": {}}
    table["interrupted"] = plain.interrupted
    for preset in PRESETS:
        if table["interrupted"]:
            break
        sets = _sets(run, plain, preset)
        found = run.without({n: layers for n, layers in sets.items() if layers})
        table["interrupted"] = found.interrupted
        mine = list(_pairs(run, items, preset, plain, found))
        pairs += mine
        table["presets"][preset] = {
            EMPTY: sum(not layers for layers in sets.values()),
            "failed": len(found.failures),
        } | summarise(mine)
    _write(output, pairs, table)
    return table


def summarise(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Estimates over the images; shares of judged words, before and after."""
    images = np.array([pair.image for pair in pairs], dtype=str)
    boot = ImageBootstrap(images)

    def mean(values: Sequence[float]) -> dict[str, Any]:
        return boot.mean(Sample.of(images, np.array(values, dtype=np.float64))).as_dict()

    told: dict[str, Any] = {
        "images": len(np.unique(images)),
        "layers": mean([len(pair.layers) for pair in pairs]),
        "kept": mean([pair.kept for pair in pairs]),
        "in order": mean([pair.in_order for pair in pairs]),
        "unchanged": mean([float(pair.answer == pair.plain_answer) for pair in pairs]),
    }
    for name, counted, of in (
        ("hallucinated words", "hallucinated", "words"),
        ("correct words", "correct", "words"),
        ("hallucinated colours", "colors_hallucinated", "colors"),
        ("correct colours", "colors_correct", "colors"),
    ):
        before, after = (_flags(pairs, images, side, counted, of) for side in ("plain", "skipped"))
        told[name] = {
            "plain": boot.share(before).as_dict() if len(before.values) else None,
            "skipped": boot.share(after).as_dict() if len(after.values) else None,
            "change": mean_difference(boot, after, boot, before).as_dict(),
        }
    return told


def _flags(pairs: Sequence[Pair], images: np.ndarray, side: str, counted: str, of: str) -> Sample:
    """One value a judged word: 1 where it is one of those `counted`."""
    at: list[str] = []
    values: list[float] = []
    for pair, image in zip(pairs, images, strict=True):
        judged = getattr(pair, side)
        if judged is not None:
            ones, count = getattr(judged, counted), getattr(judged, of)
            at += [image] * count
            values += [1.0] * ones + [0.0] * (count - ones)
    return Sample.of(np.array(at, dtype=str), np.array(values, dtype=np.float64))


def _sets(run: SurveyRun, plain: Outcome, preset: Preset) -> dict[int, str]:
    """Number of the item → its layers as typed; "" where the preset has none."""
    sets = {}
    for number, analysis_id in plain.done.items():
        try:
            layers = preset_layers(preset, run.read(analysis_id))
        except InputError:
            layers = ()
        sets[number] = ",".join(map(str, layers))
    return sets


def _pairs(
    run: SurveyRun, items: list[Item], preset: Preset, plain: Outcome, found: Outcome
) -> Iterator[Pair]:
    for number, analysis_id in found.done.items():
        before, after = run.read(plain.done[number]), run.read(analysis_id)
        said = [_words(analysis) for analysis in (before, after)]
        yield Pair(
            number,
            str(items[number].image),
            preset,
            after.request.skip_layers,
            before.answer or "",
            after.answer or "",
            kept_share(*said),
            in_order(*said),
            judge(items[number], before),
            judge(items[number], after),
        )


def _words(analysis: Analysis) -> list[str]:
    return (analysis.answer or "").lower().split()


def judge(item: Item, analysis: Analysis) -> Judged | None:
    """The item's truth held against the answer; None without one."""
    if item.truth is None:
        return None
    words = merge_words([token.text for token in analysis.tokens])
    verdicts = item.truth.judge(str(item.prompt), analysis.answer or "", words).verdicts
    colors = [v for word, v in zip(words, verdicts, strict=True) if word.text.lower() in COLORS]
    return Judged(*_counted(verdicts), *_counted(colors))


def _counted(verdicts: Sequence[Verdict | None]) -> tuple[int, int, int]:
    judged = [verdict for verdict in verdicts if verdict is not None]
    return len(judged), judged.count("hallucinated"), judged.count("correct")


def _write(output: Path, pairs: Sequence[Pair], table: Mapping[str, Any]) -> None:
    lines = [json.dumps(asdict(pair), ensure_ascii=False) + "\n" for pair in pairs]
    (output / ANSWERS).write_text("".join(lines), encoding="utf-8")
    text = json.dumps(table, indent=1, ensure_ascii=False, allow_nan=False)
    (output / TABLE).write_text(text + "\n", encoding="utf-8")
