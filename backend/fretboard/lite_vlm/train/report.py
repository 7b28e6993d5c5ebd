"""``evaluate``: every measure with its interval, as JSON that grows as it goes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from transformers import LlamaForCausalLM

from fretboard.core.intervals import with_interval

from .evaluation import (
    CELLS,
    Answerer,
    evaluate_nothing,
    evaluate_photographs,
    evaluate_plain,
    evaluate_scenes,
)
from .kept import kept_tokenizer, say
from .packages import test_folder, training_folders
from .replay import own_answers

SIGHTS = ("right", "shuffled", "blank")
NOTHINGS = 30


def evaluate(checkpoint: Path, work: Path, scenes: int, report: Path) -> None:
    """Measure the checkpoint; what the report holds already is not measured again."""
    done: dict[str, Any] = json.loads(report.read_text()) if report.exists() else {}
    answerer = Answerer(checkpoint)

    def keep(name: str, value: Any) -> None:
        done[name] = value
        report.write_text(json.dumps(done, indent=1) + "\n")
        say(f"{name}: {summary(value)}")

    if "photographs" not in done:
        keep("photographs", evaluate_photographs(answerer, test_folder(work, say)))
    if "nothing" not in done:
        keep("nothing", evaluate_nothing(answerer, NOTHINGS))
    if "plain" not in done:
        keep("plain", evaluate_plain(lambda question: answerer.answer(question, None)))
    if "plain, SmolLM2 alone" not in done:
        keep("plain, SmolLM2 alone", _plain_alone(work))
    folders = training_folders(work, say)
    answerer.hasten()
    for sight in SIGHTS:
        for cell in CELLS:
            if f"{cell}, {sight}" not in done:
                verdicts = evaluate_scenes(answerer, cell, scenes, sight, folders, say)
                measures = {name: with_interval(values) for name, values in verdicts.items()}
                keep(f"{cell}, {sight}", measures)


def _plain_alone(work: Path) -> list[dict[str, Any]]:
    language = LlamaForCausalLM.from_pretrained(work / "smollm2").eval()
    tokenizer = kept_tokenizer(work)
    return evaluate_plain(lambda question: own_answers(language, tokenizer, [question], 24)[0])


def summary(value: Any) -> str:
    """Of a list of verdicts or of measures: the shares."""
    if isinstance(value, list):
        return f"{with_interval([float(row['right']) for row in value])}"
    return ", ".join(
        f"{name} {measure['mean']} ({measure['n']})" for name, measure in value.items()
    )
