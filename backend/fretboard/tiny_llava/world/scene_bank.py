"""Many scenes, drawn beforehand, as arrays: pixels and what each image patch shows."""

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from fretboard.tiny_llava.model.architecture import GRID, PATCH
from fretboard.tiny_llava.world.backdrop import render
from fretboard.tiny_llava.world.scene import (
    COLORS,
    KINDS,
    NATIVE,
    NUMBER_WORDS,
    PLACES,
    POSITIONS,
    SIZES,
    Scene,
    SceneMix,
    sample_scene,
)

# What a patch may be asked about, each with its words. "nothing" is a patch without object.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "kind": (*KINDS, "nothing"),
    "color": COLORS,
    "size": SIZES,
    "number": tuple(NUMBER_WORDS.values()),
    "position": POSITIONS,
    "place": PLACES,
}
IGNORED = -100
COVERED = 0.3  # share of a patch that an object's box must cover to own it
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass
class SceneBank:
    """``images`` uint8 [n, 96, 96, 3], ``labels`` int8 [n, patches, attributes], the scenes."""

    images: np.ndarray
    labels: np.ndarray
    scenes: list[Scene]

    def pixels(self, rows: np.ndarray, generator: torch.Generator | None = None) -> torch.Tensor:
        """Normalised float pixels [n, 3, 96, 96]; with a generator, light and noise vary."""
        images = torch.from_numpy(self.images[rows]).permute(0, 3, 1, 2).float() / 255
        if generator is not None:
            gain = 1 + 0.06 * torch.randn(len(rows), 3, 1, 1, generator=generator)
            gain *= 1 + 0.06 * torch.randn(len(rows), 1, 1, 1, generator=generator)
            images = images * gain + 0.012 * torch.randn(images.shape, generator=generator)
            images = images.clamp(0, 1)
        return (images - torch.tensor(CLIP_MEAN).view(3, 1, 1)) / torch.tensor(CLIP_STD).view(
            3, 1, 1
        )


def draw_bank(first_seed: int, number: int, mix: SceneMix, title: str = "scenes") -> SceneBank:
    """Draw ``number`` scenes with consecutive seeds."""
    images = np.empty((number, NATIVE, NATIVE, 3), np.uint8)
    labels = np.empty((number, GRID * GRID, len(ATTRIBUTES)), np.int8)
    scenes = []
    for row in tqdm(range(number), desc=title, mininterval=5):
        scene = sample_scene(first_seed + row, mix)
        images[row] = np.asarray(_native(scene, reduced=row % 4 == 3))
        labels[row] = patch_labels(scene)
        scenes.append(scene)
    return SceneBank(images, labels, scenes)


def _native(scene: Scene, reduced: bool) -> Image.Image:
    """96 px pixels; ``reduced`` ones come from a larger picture, as an upload's would."""
    if not reduced:
        return render(scene)
    return render(scene, NATIVE * 2).resize((NATIVE, NATIVE), Image.Resampling.BICUBIC)


def patch_labels(scene: Scene) -> np.ndarray:
    """int8 [patches, attributes]: indices into each attribute's words, or IGNORED."""
    labels = np.full((GRID * GRID, len(ATTRIBUTES)), IGNORED, np.int8)
    labels[:, 0] = len(KINDS)
    labels[:, 5] = PLACES.index(scene.place)
    best = np.full(GRID * GRID, COVERED)
    edges = np.arange(GRID) * PATCH
    for group in scene.groups:
        words = (group.kind, group.color, group.size, NUMBER_WORDS[group.count], group.position)
        row = [ATTRIBUTES[name].index(w) for name, w in zip(ATTRIBUTES, words, strict=False)]
        for x0, y0, x1, y1 in group.boxes:
            across = np.clip(np.minimum(edges + PATCH, x1) - np.maximum(edges, x0), 0, PATCH)
            down = np.clip(np.minimum(edges + PATCH, y1) - np.maximum(edges, y0), 0, PATCH)
            cover = np.outer(down, across).ravel() / PATCH**2
            owned = cover > best
            best[owned] = cover[owned]
            labels[owned, :5] = row
    return labels
