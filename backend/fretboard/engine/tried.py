"""Checkpoints that were tried, one row each as `fretboard check --json` prints it: `tried.json`.

Users add theirs by a pull request; at load, a family that failed with the transformers that is
installed is warned of.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from fretboard.core.errors import InputError
from fretboard.core.whole_file import replacing

TABLE = Path(__file__).with_name("tried.json")
Row = dict[str, Any]
KEY = ("model", "revision", "dtype", "transformers")


def add(row: Row, table: Path = TABLE) -> None:
    """Into the table, in place of an older row of the same checkpoint and transformers.

    Raises InputError where the file is no such table or cannot be written.
    """
    rows = [known for known in read(table) if not _same(known, row)] if table.exists() else []
    ordered = sorted(
        [*rows, row], key=lambda known: [str(known[name]) for name in ("family", *KEY)]
    )
    try:
        with replacing(table) as partial:
            partial.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        raise InputError(f"{table} cannot be written: {error.strerror}.") from error


def read(table: Path = TABLE) -> list[Row]:
    """All rows. Raises InputError where the file holds something else."""
    try:
        rows = json.loads(table.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{table} cannot be read as a table of checkpoints ({error}).") from error
    needed = {"family", "passed", "problems", *KEY}
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and needed <= row.keys() for row in rows
    ):
        raise InputError(f"{table} is no list of rows that `fretboard check --json` printed.")
    return rows


@lru_cache
def known_fault(family: str, transformers: str, table: Path = TABLE) -> str:
    """What is known to be wrong with a family under a version of transformers; "" if nothing is."""
    rows = [row for row in read(table) if row["family"] == family]
    rows = [row for row in rows if row["transformers"] == transformers]
    if not rows or any(row["passed"] for row in rows):
        return ""
    seen = f"{rows[0]['model']}: {' '.join(rows[0]['problems'])}"
    return (
        f"With transformers {transformers} the family {family} has failed `fretboard check` "
        f"wherever it was tried ({seen}). Try another version."
    )


def _same(row: Row, other: Row) -> bool:
    return all(row[name] == other[name] for name in KEY)
