"""Drawn scenes with full ground truth: what is where, in which colour, in which place.

A scene is sampled from a seed, so the same seed gives the same scene and the same pixels.
Most kinds have a *typical colour* (bananas are yellow); a scene is *typical* when every such
kind wears it, *counter-prior* when none does. That is the language prior of this world.
"""

import random
from dataclasses import asdict, dataclass
from typing import Any

NATIVE = 96  # px, side of the image the model sees; all boxes are in these units
THIRD = NATIVE / 3  # px, one group of objects per third of the image

TYPICAL_COLOR: dict[str, str | None] = {
    "banana": "yellow",
    "tomato": "red",
    "carrot": "orange",
    "frog": "green",
    "sheep": "white",
    "pig": "pink",
    "dog": "brown",
    "fish": "orange",
    "tree": "green",
    "star": "yellow",
    "mushroom": "red",
    "eggplant": "purple",
    "whale": "blue",
    "car": None,
    "ball": None,
    "flower": None,
}
KINDS = tuple(TYPICAL_COLOR)
PRIOR_KINDS = tuple(kind for kind, color in TYPICAL_COLOR.items() if color)
COLORS = (
    "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "white", "black",
)  # fmt: skip
PLACES = ("meadow", "beach", "lake", "room", "street")
POSITIONS = ("left", "middle", "right")
SIZES = ("small", "large")

PLURAL = {kind: kind + "s" for kind in KINDS} | {
    "tomato": "tomatoes", "sheep": "sheep", "fish": "fish",
}  # fmt: skip
NUMBER_WORDS = {1: "one", 2: "two", 3: "three"}

# width / height of each kind's box
ASPECT = {
    "banana": 1.25, "tomato": 1.0, "carrot": 0.62, "frog": 1.1, "sheep": 1.2, "pig": 1.0,
    "dog": 1.25, "fish": 1.5, "tree": 0.75, "star": 1.0, "mushroom": 0.95, "eggplant": 0.65,
    "whale": 1.4, "car": 1.55, "ball": 1.0, "flower": 0.7,
}  # fmt: skip
AT_HOME = {
    "meadow": {"sheep", "pig", "tree", "flower", "mushroom", "frog", "dog"},
    "beach": {"ball", "fish", "star", "dog"},
    "lake": {"whale", "fish", "frog"},
    "room": {"banana", "tomato", "carrot", "eggplant", "ball", "flower"},
    "street": {"car", "dog", "tree", "star"},
}
HOME_WEIGHT = 2.5  # how much likelier a kind is in a place where it is at home
HORIZON = {"meadow": 40, "beach": 38, "lake": 34, "room": 44, "street": 46}  # px from the top

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Group:
    """One to three objects of one kind and colour. ``boxes`` are (x0, y0, x1, y1) native px."""

    kind: str
    color: str
    count: int
    size: str  # "small" or "large"; objects in a group of several are all small
    position: str  # third of the image: "left", "middle" or "right"
    boxes: tuple[Box, ...]

    @property
    def prior_color(self) -> str | None:
        """The kind's typical colour, or None for a kind without one."""
        return TYPICAL_COLOR[self.kind]

    @property
    def counter_prior(self) -> bool:
        """True when the kind has a typical colour and is drawn in another."""
        return self.prior_color not in (None, self.color)


@dataclass(frozen=True)
class Scene:
    """A place and its groups, ordered from left to right."""

    seed: int
    place: str
    groups: tuple[Group, ...]

    def find(self, kind: str) -> Group | None:
        """The group of this kind, or None."""
        return next((group for group in self.groups if group.kind == kind), None)

    def truth(self) -> dict[str, Any]:
        """Ground truth as plain JSON values."""
        groups = [
            asdict(g) | {"prior_color": g.prior_color, "counter_prior": g.counter_prior}
            for g in self.groups
        ]
        return {"seed": self.seed, "size": NATIVE, "place": self.place, "groups": groups}


@dataclass(frozen=True)
class SceneMix:
    """What kind of scenes to sample: shares in [0, 1], ``counts`` = weights of 1, 2, 3 groups."""

    typical: float = 0.25
    counts: tuple[float, float, float] = (0.3, 0.4, 0.3)
    several: float = 0.2
    only_prior_kinds: bool = False


def sample_scene(
    seed: int, mix: SceneMix = SceneMix(), kind: str | None = None, color: str | None = None,
    place: str | None = None, count: int | None = None,
) -> Scene:  # fmt: skip
    """Sample one scene; ``kind``, ``color`` and ``count`` pin the first group, for examples."""
    rng = random.Random(seed)
    place = place or rng.choice(PLACES)
    n_groups = rng.choices((1, 2, 3), mix.counts)[0]
    thirds = sorted(rng.sample(range(3), n_groups))
    kinds = _sample_kinds(rng, place, n_groups, mix, kind)
    groups = []
    for index, (third, name) in enumerate(zip(thirds, kinds, strict=True)):
        pinned = kind is not None and index == 0
        tint = color if pinned and color else _sample_color(rng, name, mix.typical)
        number = count if pinned and count else _sample_count(rng, mix.several)
        crowded = any(abs(third - other) == 1 for other in thirds)
        groups.append(_place_group(rng, name, tint, number, third, crowded, HORIZON[place]))
    return Scene(seed, place, tuple(groups))


def _sample_kinds(
    rng: random.Random, place: str, number: int, mix: SceneMix, first: str | None
) -> list[str]:
    pool = PRIOR_KINDS if mix.only_prior_kinds else KINDS
    kinds = [first] if first else []
    while len(kinds) < number:
        weights = [HOME_WEIGHT if kind in AT_HOME[place] else 1.0 for kind in pool]
        pick = rng.choices(pool, weights)[0]
        if pick not in kinds:
            kinds.append(pick)
    return kinds


def _sample_color(rng: random.Random, kind: str, typical: float) -> str:
    prior = TYPICAL_COLOR[kind]
    if prior and rng.random() < typical:
        return prior
    return rng.choice([color for color in COLORS if color != prior])


def _sample_count(rng: random.Random, several: float) -> int:
    return rng.choice((2, 3)) if rng.random() < several else 1


def _place_group(
    rng: random.Random, kind: str, color: str, count: int, third: int, crowded: bool, horizon: int
) -> Group:
    center = THIRD * (third + 0.5)
    if count > 1:
        boxes = _stack(rng, kind, count, center)
        return Group(kind, color, count, "small", POSITIONS[third], boxes)
    size = rng.choice(SIZES)
    side = rng.uniform(17, 20) if size == "small" else rng.uniform(28, 34)
    width, height = _fit(kind, side, 30 if crowded else 42)
    slack = max(0.0, (THIRD - width) / 2 if crowded else 5.0)
    x = min(max(center + rng.uniform(-slack, slack), width / 2 + 1), NATIVE - 1 - width / 2)
    lowest_top = max(horizon + 8 - height, 2.0)
    top = rng.uniform(4 if kind == "star" else lowest_top, NATIVE - 3 - height)
    box = (x - width / 2, top, x + width / 2, top + height)
    return Group(kind, color, count, size, POSITIONS[third], (box,))


def _stack(rng: random.Random, kind: str, count: int, center: float) -> tuple[Box, ...]:
    """Several small objects below one another in a zigzag, farther ones higher up."""
    rows = (20.0, 94.0) if count == 3 else (34.0, 92.0)
    pitch = (rows[1] - rows[0]) / count
    side = rng.choice((-1, 1))
    boxes = []
    for row in range(count):
        width, height = _fit(kind, rng.uniform(16, 18.5), 26)
        scale = min(1.0, (pitch - 1) / height)
        width, height = width * scale, height * scale
        x = center + side * (-1) ** row * rng.uniform(1, (THIRD - 1 - width) / 2 + 1.5)
        x = min(max(x, width / 2 + 1), NATIVE - 1 - width / 2)
        bottom = rows[0] + pitch * (row + 1) - rng.uniform(0, max(0.0, pitch - height - 1))
        boxes.append((x - width / 2, bottom - height, x + width / 2, bottom))
    return tuple(boxes)


def _fit(kind: str, side: float, widest: float) -> tuple[float, float]:
    """Width and height with the kind's aspect and area ``side``², narrowed to ``widest`` px."""
    root = ASPECT[kind] ** 0.5
    width, height = side * root, side / root
    scale = min(1.0, widest / width)
    return width * scale, height * scale
