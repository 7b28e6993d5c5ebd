"""`fretboard skips`: what each preset of skipped layers leaves of many answers, with intervals.

Every image is answered plainly, then without the layers that each preset is for that answer; an
answer that a preset does not apply to is left out of it and counted. What is right or hallucinated
is judged as in a survey. Intervals resample images (`bootstrap.py`).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fretboard.analysis.skip_presets import PRESETS, Preset, preset_layers
from fretboard.core.errors import InputError
from fretboard.core.question import Question
from fretboard.engine.session import Session
from fretboard.studies.batch import Outcome, SurveyRun, check_any
from fretboard.studies.items import Item
from fretboard.studies.variants.pairs import Pair, pair_of, summarise

ANSWERS = "answers.jsonl"
TABLE = "skips.json"
EMPTY = "no layers to skip"


def run_skips(
    session: Session, items: list[Item], question: Question, output: Path
) -> dict[str, Any]:
    """Run or continue into `output`; returns the table, which is also written there.

    Ctrl-C ends the pass at hand: what is done is kept, presets that were not reached are missing.
    """
    if question.skip_layers:
        raise InputError("The presets are the layers to skip: leave out skip_layers.")
    run = SurveyRun(session, question, items, output, False)
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
    write_table(output, TABLE, pairs, table)
    return table


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
        yield pair_of(number, items[number], preset, before, after)


def write_table(output: Path, name: str, pairs: Sequence[Pair], table: Mapping[str, Any]) -> None:
    """The pairs and the table, as files of `output`."""
    lines = [json.dumps(asdict(pair), ensure_ascii=False) + "\n" for pair in pairs]
    (output / ANSWERS).write_text("".join(lines), encoding="utf-8")
    text = json.dumps(table, indent=1, ensure_ascii=False, allow_nan=False)
    (output / name).write_text(text + "\n", encoding="utf-8")
