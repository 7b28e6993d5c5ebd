"""A dozen named examples for the start page, with ground truth and a prompt to try.

The late reversals among them were picked because the bundled model shows one there; how often
that happens on scenes nobody picked is in the model card.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from .backdrop import render
from .dialogue import CAPTION
from .world import Mix, Scene, sample_scene

SIZE = 384  # px, side of the stored pictures


@dataclass(frozen=True)
class Example:
    """A scene by its seed and share of typical colours, and what to ask about it."""

    name: str
    title: str
    category: str  # "typical", "counter-prior" or "multi-object"
    seed: int
    typical: float
    groups: int
    prompt: str = CAPTION
    picked: bool = False  # chosen because the model shows a late reversal here

    def scene(self) -> Scene:
        """The example's scene; groups of one object only where there is one group."""
        counts = tuple(float(n == self.groups) for n in (1, 2, 3))
        several = 0.0 if self.groups < 3 else 0.2
        return sample_scene(self.seed, Mix(self.typical, counts, several, self.groups < 3))


EXAMPLES: tuple[Example, ...] = ()


def draw_gallery(folder: Path) -> list[Path]:
    """Draw every example and write ``gallery.json``; returns what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    entries, written = [], []
    for example in EXAMPLES:
        path = folder / f"{example.name}.png"
        render(example.scene(), SIZE).save(path, optimize=True)
        written.append(path)
        entries.append(
            {
                "file": path.name,
                "title": example.title,
                "category": example.category,
                "prompt": example.prompt,
                "picked_for_its_reversal": example.picked,
                "truth": example.scene().truth(),
            }
        )
    listing = folder / "gallery.json"
    listing.write_text(json.dumps(entries, indent=1) + "\n")
    return [*written, listing]
