"""What a map is made with: every parameter, its range, and the paper's preset (METHOD: Level 3)."""

import json
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

Method = Literal["tsne", "umap", "pca"]
Start = Literal["pca", "random"]
Columns = Literal["none", "max-abs", "standard"]
Strings = Literal["tokens", "images"]

SCALING = AliasChoices("map_scaling", "scaling")  # of a figure's colours there is one too
FEWEST_POINTS = 5
EXAGGERATED = 250  # t-SNE's first iterations, part of `iterations` as in scikit-learn


class MapSettings(BaseModel):
    """One joint fit over all points.

    The default has the paper's parameters on a faster way: 100 principal components first,
    Barnes-Hut at 0.8, a stop on convergence (docs/projections.md). `paper_settings` goes the
    paper's way. Upper ends keep one request within minutes on two cores; they are not limits of
    the methods.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", validate_by_name=True, use_attribute_docstrings=True
    )

    method: Method = "tsne"
    dimensions: Annotated[int, Field(ge=2, le=3)] = 2
    perplexity: Annotated[float, Field(ge=1, le=500)] = 40.0
    """t-SNE: neighbours that count for a point; lowered to (points − 1) / 3 where it is larger."""
    learning_rate: Annotated[float | None, Field(ge=1, le=10_000)] = 200.0
    """t-SNE, in scikit-learn's unit (openTSNE's is 4 times as large); nothing: points / 48."""
    iterations: Annotated[int, Field(ge=EXAGGERATED, le=20_000)] = 2000
    """t-SNE: at most; the first 250 exaggerate attraction by 12."""
    tolerance: Annotated[float, Field(ge=0, le=0.1)] = 0.0025
    """t-SNE stops when 50 iterations lower the KL divergence by less than this share; 0: never."""
    theta: Annotated[float, Field(ge=0.1, le=1)] = 0.8
    """t-SNE: Barnes-Hut's opening angle; smaller is slower and more exact."""
    start: Start = "pca"
    """t-SNE: where the points start."""
    n_neighbors: Annotated[int, Field(ge=2, le=500)] = 15
    """UMAP: neighbours of a point; lowered to points − 1 where it is larger."""
    min_dist: Annotated[float, Field(ge=0, le=1)] = 0.1
    """UMAP: the least distance between points of the map."""
    epochs: Annotated[int, Field(ge=10, le=10_000)] = 500
    """UMAP: rounds of optimisation."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    scaling: Annotated[Columns, Field(validation_alias=SCALING)] = "max-abs"
    """Of each column over all points."""
    pca_dimensions: Annotated[int | None, Field(ge=3, le=1000)] = 100
    """Principal components kept before t-SNE and UMAP; nothing: all columns."""
    drop_first_depth: bool = True
    """Leave out depth 0, the embeddings."""

    @property
    def text(self) -> str:
        """What differs from the default, in one line that `parse` reads back."""
        chosen = self.model_dump(exclude_defaults=True)
        return json.dumps(chosen, sort_keys=True)

    @classmethod
    def parse(cls, text: str) -> "MapSettings":
        """The inverse of `text`."""
        return cls(**json.loads(text or "{}"))

    def but(self, **changes: Any) -> "MapSettings":
        """A copy with other values, checked. Raises ValueError."""
        return MapSettings(**self.model_dump() | changes)

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
            return self.but(perplexity=widest), (said,)
        if self.method == "umap" and self.n_neighbors >= points:
            said = f"n_neighbors lowered from {self.n_neighbors} to {points - 1}: {points} points"
            return self.but(n_neighbors=points - 1), (said,)
        return self, ()


def paper_settings(strings: Strings) -> MapSettings:
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


class MapQuery(MapSettings):
    """How a map is made; what is not given is the preset's."""

    preset: Literal["default", "paper"] = "default"
    """Where what is not given comes from."""

    def of(self, strings: Strings) -> MapSettings:
        """The settings for an answer's tokens, or for an image set's images."""
        base = paper_settings(strings) if self.preset == "paper" else MapSettings()
        return base.but(**self.model_dump(include=self.model_fields_set - {"preset"}))


def ranges() -> dict[str, tuple[float, float]]:
    """Of each number: its least and its largest value."""
    properties: dict[str, dict[str, Any]] = MapSettings.model_json_schema(by_alias=False)[
        "properties"
    ]
    numbers = {
        name: next(iter(schema.get("anyOf", [schema]))) for name, schema in properties.items()
    }
    return {
        name: (schema["minimum"], schema["maximum"])
        for name, schema in numbers.items()
        if "minimum" in schema
    }
