"""`fretboard repairs` and `fretboard compression`: the same questions, each answered in many ways.

Every image is answered plainly and, right after it, in each of the other ways, so that the times
stand side by side. What is judged, and how intervals are made, is that of a survey (`pairs.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fretboard.analysis.skip_presets import last_layers
from fretboard.core.errors import InputError
from fretboard.core.model_info import served_model
from fretboard.core.repair import ABOUT
from fretboard.core.settings import Settings
from fretboard.studies.batch import SurveyRequest, SurveyRun, check_any
from fretboard.studies.items import Item
from fretboard.studies.variants.pairs import pair_of, summarise
from fretboard.studies.variants.skips import write_table

REPAIRS = "repairs.json"
COMPRESSION = "compression.json"
AFTER = "changed"
Ways = Mapping[str, SurveyRequest]


def run_repairs(
    settings: Settings,
    items: list[Item],
    request: SurveyRequest,
    output: Path,
    repairs: Sequence[str] = (),
) -> dict[str, Any]:
    """Each repair (as `parse_repair` reads it; default: all, by default) against plain decoding."""
    ways = {text: replace(request, repair=text) for text in repairs or map(str, ABOUT)}
    return run_variants(settings, items, request, output, ways, REPAIRS)


def run_compression(
    settings: Settings, items: list[Item], request: SurveyRequest, output: Path, most: int
) -> dict[str, Any]:
    """1 to `most` layers left out, ending before the last ones that skip.3 keeps."""
    sets = compressions(served_model(settings.model).layers, most)
    ways = {f"{len(s)}": replace(request, skip_layers=",".join(map(str, s))) for s in sets}
    return run_variants(settings, items, request, output, ways, COMPRESSION)


def compressions(layers: int, most: int) -> list[tuple[int, ...]]:
    """The sets of 1 to `most` layers, from the stabilisation's end towards the critical depth."""
    end = layers - last_layers(layers)
    if not 1 <= most < end:
        raise InputError(f"{most} layers cannot be left out of {layers}; choose 1 to {end - 1}.")
    return [tuple(range(end - count, end)) for count in range(1, most + 1)]


def run_variants(
    settings: Settings,
    items: list[Item],
    request: SurveyRequest,
    output: Path,
    ways: Ways,
    name: str,
) -> dict[str, Any]:
    """Run or continue into `output`; returns the table, which is also written there.

    An item is counted in a way once both its answers are there. Ctrl-C keeps what is done.
    """
    if request.skip_layers or request.repair:
        raise InputError("The plain answer is what is compared with: leave out layers and repair.")
    run = SurveyRun(settings, request, items, output, tuple(ways.values()))
    plain, *others = run.side_by_side([request, *ways.values()])
    check_any(plain, output)
    table: dict[str, Any] = {"items": len(items), "done": len(plain.done), "ways": {}}
    table["interrupted"] = plain.interrupted
    pairs = []
    for way, found in zip(ways, others, strict=True):
        mine = [
            pair_of(n, items[n], way, run.read(plain.done[n]), run.read(found.done[n]))
            for n in sorted(found.done.keys() & plain.done.keys())
        ]
        pairs += mine
        table["ways"][way] = {"failed": len(found.failures)} | summarise(mine, AFTER)
    write_table(output, name, pairs, table)
    return table
