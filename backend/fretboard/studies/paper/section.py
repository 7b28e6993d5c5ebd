"""One reference curve of the paper: what it reports, what was found, pictures and numbers.

What the paper reports (arXiv 2504.02862) is in our words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pyarrow as pa
from pyarrow import csv

from fretboard.figures.export import write_figure

Columns = Mapping[str, Sequence[Any]]

PATH = (
    "Its figure 1: the probability of single tokens, then the distributions of all tokens over "
    "the vocabulary, then the hidden states; the three levels show the same stages."
)
COMPETITION = (
    "The emitted token's probability is near zero up to the critical layer, jumps there, and then "
    "stays (stable tokens) or changes abruptly at a late mutation layer (mutation tokens), where a "
    "rival overtakes the leader. LLaVA-1.5-7B: critical about 20 of 32 by probability."
)
HEATMAP = (
    "Adjacent depths differ much up to the critical layer (18 of 32), little in the stabilisation, "
    "and some tokens differ again in the last third (pairs 19 to 31)."
)
MAP = (
    "The tokens of one image start in a tight centre and grow outward with depth; each depth lies "
    "beside the one before."
)
HALLUCINATED = (
    "Where the answer names what is not there (water instead of a camera, red for black, a dog for "
    "a sheep), the true word leads through the stabilisation and is overtaken at the mutation."
)
TEXT = "A text-only language model shows none of the three stages."
SKIPS = (
    "skip.1, the stabilisation span (about 10 layers): output nearly the same, hallucinations "
    "kept. skip.2, only the mutation layers: most meaning kept, some hallucinations corrected. "
    "skip.3, from the critical layer to the last 5: large change, more hallucination."
)
GUITAR = (
    "At one token position, twelve images of a kind lie together through the early depths (the "
    "neck) and part at the critical layer (the body); so for animals, flowers, fruit and sport."
)


@dataclass(frozen=True)
class SectionFigure:
    """A figure with its heading; `name` is the file's."""

    name: str
    figure: go.Figure
    title: str
    note: str = ""


@dataclass(frozen=True)
class Exhibit:
    """A section of the page. `sentences`: with this model's numbers; tables by file name."""

    name: str
    title: str
    reported: str
    sentences: list[str]
    pictures: list[SectionFigure] = field(default_factory=list)
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
            "found": self.sentences,
            "pictures": [{"name": p.name, "alt": f"{p.title}. {p.note}"} for p in self.pictures],
            "tables": list(self.tables),
            "head": list(rows),
            "rows": list(zip(*rows.values(), strict=True)),
        }


def by_depth(**curves: Iterable[float]) -> Columns:
    """Curves over depth 0, 1, … as the columns of a table."""
    columns = {name: [float(value) for value in curve] for name, curve in curves.items()}
    return {"depth": list(range(len(next(iter(columns.values()))))), **columns}
