"""Files of a study, each replaced at once when whole."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any


def write_text(path: Path, text: str) -> None:
    """Replace the file at `path`."""
    partial = path.with_suffix(".part")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def write_json(path: Path, value: Any) -> None:
    """Replace the file at `path`; estimates within become their fields."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False, default=asdict)
    write_text(path, text + "\n")
