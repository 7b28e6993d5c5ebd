"""Draw the figures of docs/concepts.md from a ready-made analysis of the bundled model.

    python scripts/documentation/figures.py

Needs a Chrome or Chromium; no model is run.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import plotly.graph_objects as go

import fretboard as fb
from fretboard.figures.export import browser
from fretboard.store.examples import EXAMPLES

FOLDER = Path(__file__).parents[2] / "docs" / "images" / "concepts"
ANSWER = "The image shows a meadow. On the left there is a large sheep. The sheep is white."
WHITE = 18  # the token that is not true: the sheep is drawn red
FIGURES: dict[str, Callable[[fb.Analysis], go.Figure]] = {
    "board": lambda a: a.heatmap("leader"),
    "competition": lambda a: a.competition(WHITE),
    "divergence": lambda a: a.divergence(WHITE),
    "profile": lambda a: a.profile("probability"),
    "map": lambda a: a.map(color_by="stage", method="pca"),
}


def analysis(folder: Path) -> fb.Analysis:
    """The shipped analysis of the red sheep, from a copy, so that the package stays as it is."""
    shutil.copytree(EXAMPLES, folder, dirs_exist_ok=True)
    opened = map(fb.open, (folder / "analyses").iterdir())
    return next(each for each in opened if each.answer == ANSWER)


def main() -> None:
    """Write every figure as an SVG."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as copy, browser():
        shown = analysis(Path(copy))
        for name, draw in FIGURES.items():
            draw(shown).write_image(FOLDER / f"{name}.svg")


if __name__ == "__main__":
    main()
