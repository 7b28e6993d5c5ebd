"""Image sets of the bundled world: twelve of one kind in different colours, one question.

They stand for the paper's sets (animal, flower, fruit, sport; twelve images each).
"""

from dataclasses import dataclass

from PIL import Image

from fretboard.tiny_llava.world.backdrop import render
from fretboard.tiny_llava.world.scene import COLORS, KINDS, PLACES, Scene, SceneMix, sample_scene

SIZE = 384  # px, side of the pictures
IMAGES = 12
FIRST_SEED = 97_000_000  # no scene of the training or the evaluation
ALONE = SceneMix(typical=0.0, counts=(1.0, 0.0, 0.0), several=0.0)


@dataclass(frozen=True)
class WorldSet:
    """A kind of this world that stands for one of the paper's; `token` is the alignment."""

    name: str
    title: str
    kind: str
    token: str = "class:color"
    variant: int = 0
    """Other scenes of the same kind."""

    @property
    def prompt(self) -> str:
        """The paper's question, of this kind."""
        return f"What is the color of the {self.kind}?"

    def scenes(self) -> list[Scene]:
        """Twelve scenes with one such object each, every colour and place in turn."""
        first = FIRST_SEED + 1000 * KINDS.index(self.kind) + 100 * self.variant
        return [
            sample_scene(
                first + i, ALONE, self.kind, COLORS[i % len(COLORS)], PLACES[i % len(PLACES)], 1
            )
            for i in range(IMAGES)
        ]

    def images(self) -> list[tuple[str, Image.Image]]:
        """(name, picture) of every scene."""
        return [
            (f"{scene.groups[0].color}-{self.kind}-{i + 1}.png", render(scene, SIZE))
            for i, scene in enumerate(self.scenes())
        ]


SETS = {
    "animal": WorldSet("animal", "Dogs", "dog"),
    "flower": WorldSet("flower", "Flowers", "flower"),
    "fruit": WorldSet("fruit", "Tomatoes", "tomato"),
    "sport": WorldSet("sport", "Balls", "ball"),
}
