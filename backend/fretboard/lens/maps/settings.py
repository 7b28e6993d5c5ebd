"""What a map is made with: every parameter, its range, and the paper's preset (METHOD: Level 3)."""

import json
from dataclasses import dataclass, fields, replace
from typing import Literal, get_args, get_origin

from fretboard.lens.scaling import Scaling

Method = Literal["tsne", "umap", "pca"]
Start = Literal["pca", "random"]

FEWEST_POINTS = 5
EXAGGERATED = 250  # t-SNE's first iterations, part of `iterations` as in scikit-learn
# Upper ends keep one request within minutes on two cores; they are not limits of the methods.
RANGES: dict[str, tuple[float, float]] = {
    "perplexity": (1, 500),
    "learning_rate": (1, 10_000),
    "iterations": (EXAGGERATED, 20_000),
    "tolerance": (0, 0.1),
    "theta": (0.1, 1),
    "n_neighbors": (2, 500),
    "min_dist": (0, 1),
    "epochs": (10, 10_000),
    "seed": (0, 2**32 - 1),
    "pca_dimensions": (3, 1000),
}


@dataclass(frozen=True)
class MapSettings:
    """One joint fit over all points. Raises ValueError for a value outside its range.

    The default has the paper's parameters on a faster way: 100 principal components first,
    Barnes-Hut at 0.8, a stop on convergence (docs/projections.md). `paper_settings` goes the
    paper's way.
    """

    method: Method = "tsne"
    dimensions: Literal[2, 3] = 2
    perplexity: float = 40.0
    """t-SNE: neighbours that count for a point; lowered to (points − 1) / 3 where it is larger."""
    learning_rate: float | None = 200.0
    """t-SNE, in scikit-learn's unit (openTSNE's is 4 times as large); None: points / 48."""
    iterations: int = 2000
    """t-SNE: at most; the first 250 exaggerate attraction by 12."""
    tolerance: float = 0.0025
    """t-SNE stops when 50 iterations lower the KL divergence by less than this share; 0: never."""
    theta: float = 0.8
    """t-SNE: Barnes-Hut's opening angle; smaller is slower and more exact."""
    start: Start = "pca"
    """t-SNE: where the points start."""
    n_neighbors: int = 15
    """UMAP: neighbours of a point; lowered to points − 1 where it is larger."""
    min_dist: float = 0.1
    """UMAP: the least distance between points of the map."""
    epochs: int = 500
    """UMAP: rounds of optimisation."""
    seed: int = 0
    scaling: Scaling = "max-abs"
    """Of each column over all points."""
    pca_dimensions: int | None = 100
    """Principal components kept before t-SNE and UMAP; None: all columns."""
    drop_first_depth: bool = True
    """Leave out depth 0, the embeddings."""

    def __post_init__(self) -> None:
        for field in fields(self):
            _check(field.name, getattr(self, field.name), field.type)

    @property
    def text(self) -> str:
        """What differs from the default, in one line that `parse` reads back."""
        default = MapSettings()
        chosen = {f.name: getattr(self, f.name) for f in fields(self)}
        return json.dumps(
            {k: v for k, v in chosen.items() if v != getattr(default, k)}, sort_keys=True
        )

    @classmethod
    def parse(cls, text: str) -> "MapSettings":
        """The inverse of `text`."""
        return cls(**json.loads(text or "{}"))

    def fitted(self, points: int) -> tuple["MapSettings", tuple[str, ...]]:
        """With what so many points allow, and a sentence for each parameter that was lowered."""
        if points < FEWEST_POINTS:
            raise ValueError(
                f"{points} points are too few for a map; at least {FEWEST_POINTS} are needed: "
                "choose a longer answer or more images."
            )
        widest = (points - 1) / 3
        if self.method == "tsne" and self.perplexity > widest:
            said = f"perplexity lowered from {self.perplexity:g} to {widest:.3g}: {points} points"
            return replace(self, perplexity=widest), (said,)
        if self.method == "umap" and self.n_neighbors >= points:
            said = f"n_neighbors lowered from {self.n_neighbors} to {points - 1}: {points} points"
            return replace(self, n_neighbors=points - 1), (said,)
        return self, ()


def paper_settings(strings: Literal["tokens", "images"]) -> MapSettings:
    """The paper's t-SNE of one image's many tokens, or of many images' one token.

    No principal components first, scikit-learn's opening angle, all 2000 iterations.
    """
    if strings not in ("tokens", "images"):
        raise ValueError(f"The paper has no map of {strings!r}; choose tokens or images.")
    return MapSettings(
        perplexity=40.0 if strings == "tokens" else 35.0,
        tolerance=0.0,
        theta=0.5,
        pca_dimensions=None,
    )


def _check(name: str, value: object, kind: object) -> None:
    if get_origin(kind) is Literal:
        if value not in get_args(kind) or isinstance(value, bool):
            choices = ", ".join(map(str, get_args(kind)))
            raise ValueError(f"{name} is {value!r}; choose one of {choices}.")
    elif name in RANGES:
        _check_number(name, value, kind)
    elif not isinstance(value, bool):
        raise ValueError(f"{name} is {value!r}; choose true or false.")


def _check_number(name: str, value: object, kind: object) -> None:
    low, high = RANGES[name]
    whole = kind is int or kind == int | None
    optional = kind in (int | None, float | None)
    if value is None and optional:
        return
    number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if not number or not low <= value <= high:  # type: ignore[operator]
        what = "a whole number" if whole else "a number"
        also = " or nothing" if optional else ""
        raise ValueError(f"{name} is {value!r}; choose {what} from {low:g} to {high:g}{also}.")
