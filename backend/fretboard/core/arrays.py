"""The catalogue of arrays of an analysis: those in its record and those derived on demand.

Axes: depth = L+1 (0 = embeddings entering layer 0, L = output of the last layer), pair = L
(d, d+1), token = emitted tokens, k = words kept a cell, width = residual stream.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal, get_args

import ml_dtypes
import numpy as np

from fretboard.core.reading import Divergence, Lens

TOP_K = 10  # words kept per cell; the page lists ten


@dataclass(frozen=True)
class ArraySpec:
    """One served array: axes by name, numpy dtype, unit, and what it depends on."""

    name: str
    axes: tuple[str, ...]
    dtype: str
    unit: str
    meaning: str
    by_lens: bool = True
    by_divergence: bool = False


ARRAYS: dict[str, ArraySpec] = {
    spec.name: spec
    for spec in (
        ArraySpec("probability", ("depth", "token"), "float32", "probability", "emitted token"),
        ArraySpec("log_probability", ("depth", "token"), "float32", "nats", "emitted token"),
        ArraySpec("rank", ("depth", "token"), "int32", "rank, 1 = leader", "emitted token"),
        ArraySpec("entropy", ("depth", "token"), "float32", "nats", "the whole distribution"),
        ArraySpec(
            "jsd", ("pair", "token"), "float32", "nats", "adjacent depths", by_divergence=True
        ),
        ArraySpec("top_ids", ("depth", "token", "k"), "int32", "token id", "the k likeliest"),
        ArraySpec(
            "top_probabilities", ("depth", "token", "k"), "float32", "probability", "of top_ids"
        ),
        ArraySpec(
            "hidden_states",
            ("depth", "token", "width"),
            "as computed (bf16 is served as float32)",
            "residual stream, before the final norm",
            "at the position that predicts the token",
            by_lens=False,
        ),
    )
}
UNITS_OF_DIVERGENCE = {
    Divergence.JSD: "nats",
    Divergence.PAPER_CODE: "nats per vocabulary entry (as published)",
    Divergence.SYMMETRIC_KL: "nats",
}


MapKind = Literal["trajectory", "perplexities", "stability", "dispersion"]
PatchKind = Literal["patch-grid", "patches", "patch-word"]
DerivedKind = Literal["lens", "divergence", "distribution", "half-states"] | MapKind | PatchKind
MAP_KINDS: tuple[str, ...] = get_args(MapKind)
PATCH_KINDS: tuple[str, ...] = get_args(PatchKind)


@dataclass(frozen=True)
class Derived:
    """Arrays computed on demand from the record: what, and with which parameters.

    lens: the lens's whole catalogue; divergence: `jsd` of another kind; distribution: the
    `probabilities` (depth, vocabulary) of one token. The map kinds (`engine/maps.py`) are of an
    answer's tokens or, with a `role`, of an image set's token position. The patch kinds
    (`engine/patches.py`) are of the image positions. half-states: `half_states` (L, token, width),
    the residual stream between attention and MLP of each layer.
    """

    kind: DerivedKind
    lens: Lens = Lens.NORMED
    divergence: Divergence = Divergence.JSD
    token: int = 0
    """Index in the answer; of `patch-word`, the word's token id."""
    settings: str = ""
    """Of a map, as `MapSettings.text`."""
    role: str = ""
    """Of an image set's token position, as `alignment.parse_role` takes it."""
    of: str = ""
    """Digest of the states that an image set's map is of: more images finish with time."""
    sublayers: bool = False
    """Of all half depths too: 2L + 1 rows."""
    fit: str = ""
    """Which fit of a fitted lens: another one is read anew."""

    @property
    def is_map(self) -> bool:
        """Seconds to compute, kilobytes to keep; needs no model."""
        return self.kind in MAP_KINDS

    @property
    def runs_model(self) -> bool:
        """Needs a forward pass, so it must wait for its turn among the generations."""
        return self.kind in (*PATCH_KINDS, HALF_STATES.kind)

    @property
    def is_kept(self) -> bool:
        """A worker puts it into the record too: others are made of it, or it takes long."""
        return self.is_map or self.kind == HALF_STATES.kind

    @property
    def key(self) -> str:
        """One line that `parse` reads back; younger fields only where they say something, so that
        maps kept before they were there are found."""
        said = {n: v for n, v in asdict(self).items() if v or n not in ("sublayers", "fit")}
        return json.dumps(said, sort_keys=True)

    @property
    def file(self) -> str:
        """Where it lies in the record, if it is kept, and in the cache."""
        plain = f"derived/{self.kind}.{self.lens}.{self.divergence}.{self.token}"
        if not self.is_map:
            return plain + (".sublayers" if self.sublayers else "") + (self.fit and f".{self.fit}")
        return f"{plain}.{hashlib.sha256(self.key.encode()).hexdigest()[:16]}"

    @classmethod
    def parse(cls, key: str) -> "Derived":
        """The inverse of `key`."""
        fields = json.loads(key)
        named = {"lens": Lens(fields["lens"]), "divergence": Divergence(fields["divergence"])}
        return cls(**(fields | named))


HALF_STATES = Derived("half-states")


def portable(values: np.ndarray) -> np.ndarray:
    """As numpy alone can read it from a file: bfloat16 becomes float32."""
    return values.astype(np.float32) if values.dtype == np.dtype(ml_dtypes.bfloat16) else values
