"""A dozen named examples for the start page, with ground truth and a prompt to try.

The late reversals among them were picked because the bundled model shows one there; how often
that happens on scenes nobody picked is in the model card.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from fretboard.tiny_llava.world.backdrop import render
from fretboard.tiny_llava.world.dialogue import CAPTION
from fretboard.tiny_llava.world.scene import Scene, SceneMix, sample_scene

SIZE = 384  # px, side of the stored pictures


@dataclass(frozen=True)
class GalleryScene:
    """A scene by its seed and share of typical colours, and what to ask about it."""

    name: str
    title: str
    category: str  # "typical", "counter-prior" or "multi-object"
    seed: int
    typical: float
    groups: int
    prompt: str = CAPTION
    picked: bool = False  # chosen because the bundled model shows a late reversal here

    def scene(self) -> Scene:
        """The example's scene; groups of one object only where there is one group."""
        counts = (float(self.groups == 1), float(self.groups == 2), float(self.groups == 3))
        several = 0.0 if self.groups < 3 else 0.2
        return sample_scene(self.seed, SceneMix(self.typical, counts, several, self.groups < 3))


COUNTER, MULTI, TYPICAL = "counter-prior", "multi-object", "typical"
EXAMPLES = (
    GalleryScene("blue-dog-red-sheep", "Blue dog, red sheep: the prior overturns both (picked)",
            MULTI, 95_200_003, 0.0, 3, picked=True),
    GalleryScene("brown-banana", "A small brown banana, called yellow (picked)",
            COUNTER, 95_000_004, 0.0, 1, picked=True),
    GalleryScene("red-sheep", "A large red sheep, called white all the same (picked)",
            COUNTER, 95_000_022, 0.0, 1, picked=True),
    GalleryScene("mushroom-whale-tree", "Everything in its usual colour",
            TYPICAL, 96_003_003, 1.0, 3),
    GalleryScene("red-tree", "A small red tree, called green (picked)",
            COUNTER, 95_000_010, 0.0, 1, picked=True),
    GalleryScene("blue-carrot", "A blue carrot, called orange (picked)",
            COUNTER, 95_000_032, 0.0, 1, picked=True),
    GalleryScene("orange-eggplant-blue-dog", "Two overturned, the black balls told truly (picked)",
            MULTI, 95_200_006, 0.0, 3, picked=True),
    GalleryScene("black-mushrooms-green-dog", "Unusual colours, told as they are",
            MULTI, 95_200_010, 0.0, 3),
    GalleryScene("purple-dog-asked", "A purple dog, asked for directly",
            COUNTER, 95_000_001, 0.0, 1, "What is the color of the dog?"),
    GalleryScene("blue-flowers", "Flowers have no usual colour",
            TYPICAL, 96_003_002, 1.0, 3, "What is the color of the flowers?"),
    GalleryScene("pig-and-tree", "Is something there?",
            TYPICAL, 96_002_002, 1.0, 2, "Is there a pig in the image?"),
    GalleryScene("ball-in-the-lake", "Where is this?",
            TYPICAL, 96_003_004, 1.0, 3, "Where is this?"),
)  # fmt: skip


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
