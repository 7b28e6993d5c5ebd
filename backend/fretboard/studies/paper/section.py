"""One reference curve of the paper: what it reports, what was found, pictures and numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pyarrow as pa
from pyarrow import csv

from fretboard.figures.export import write_figure

Columns = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Picture:
    """A figure with its heading; `name` is the file's."""

    name: str
    figure: go.Figure
    title: str
    note: str = ""


@dataclass(frozen=True)
class Exhibit:
    """A section of the page. `found`: sentences with this model's numbers; tables by file name."""

    name: str
    title: str
    reported: str
    found: list[str]
    pictures: list[Picture] = field(default_factory=list)
    tables: Mapping[str, Columns] = field(default_factory=dict)
    shown: str | None = None
    """The table that the page shows."""

    def write(self, folder: Path) -> dict[str, Any]:
        """SVG and PNG of each picture, CSV of each table; what the page says of them."""
        for picture in self.pictures:
            for suffix in ("svg", "png"):
                path = folder / f"{picture.name}.{suffix}"
                write_figure(picture.figure, path, "light", picture.title, picture.note)
        for name, columns in self.tables.items():
            csv.write_csv(pa.table(dict(columns)), folder / f"{name}.csv")
        rows = self.tables[self.shown] if self.shown else {}
        return {
            "name": self.name,
            "title": self.title,
            "reported": self.reported,
            "found": self.found,
            "pictures": [{"name": p.name, "alt": f"{p.title}. {p.note}"} for p in self.pictures],
            "tables": list(self.tables),
            "head": list(rows),
            "rows": list(zip(*rows.values(), strict=True)),
        }


def by_depth(**curves: Iterable[float]) -> Columns:
    """Curves over depth 0, 1, … as the columns of a table."""
    columns = {name: [float(value) for value in curve] for name, curve in curves.items()}
    return {"depth": list(range(len(next(iter(columns.values()))))), **columns}
