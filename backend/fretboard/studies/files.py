"""Files of a study, each replaced at once when whole."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fretboard.core.whole_file import replacing


def write_text(path: Path, text: str) -> None:
    """Replace the file at `path`."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Replace the file at `path`; estimates within become their fields."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False, default=asdict)
    write_text(path, text + "\n")
