"""Routes of `/api/analyses/{id}/patches`: where the image positions lie, and their words."""

from dataclasses import asdict
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from fretboard.analysis.arrays import read_done
from fretboard.core.arrays import Derived
from fretboard.core.errors import InputError, NotFound
from fretboard.core.reading import Lens
from fretboard.server.attachments import npy
from fretboard.server.context import InArrays
from fretboard.server.routes.words import CellWord, PatchWord, cell_words

WORDS_PER_DEPTH = 5
router = APIRouter(prefix="/api/analyses", tags=["patches"])


class Patch(BaseModel):
    """An image position. `rectangle`: left, top, right, bottom as shares of width and height.

    None: it has no place (a line break of the crops, or padding). `level`: 0 shows it in the whole
    picture, 1 in a crop of a picture that is given whole as well.
    """

    rectangle: tuple[float, float, float, float] | None
    level: Literal[0, 1]


class PatchGrid(BaseModel):
    """The image positions in the prompt's order; where they cannot be placed, `reason` says why."""

    patches: list[Patch]
    reason: str | None
    latent: bool
    """Whether a latent lens is fitted to the model."""


class DepthWords(BaseModel):
    """A patch at one depth: its likeliest words, the entropy (nats) of all."""

    depth: int
    entropy: float
    words: list[CellWord]


class PatchWords(BaseModel):
    """A patch at depths 0…L."""

    patch: int
    lens: Lens
    depths: list[DepthWords]


@router.get("/{analysis_id}/patches")
def grid(analysis_id: str, arrays: InArrays) -> PatchGrid:
    """Where the image positions lie in the upright image, or why that is not known."""
    analysis = read_done(arrays.store, analysis_id)
    try:
        rectangles, levels = arrays.patch_places(analysis)
    except InputError as error:
        return PatchGrid(patches=[], reason=error.detail, latent=False)
    return PatchGrid(
        patches=[
            Patch(rectangle=None if np.isnan(place).any() else place.tolist(), level=level)
            for place, level in zip(rectangles, levels.tolist(), strict=True)
        ],
        reason=None,
        latent=bool(arrays.fit(analysis, Lens.LATENT)),
    )


@router.get("/{analysis_id}/patches/word")
def word(analysis_id: str, word: str, arrays: InArrays) -> PatchWord:
    """The token that a word is followed by. Its numbers are under `/patches/probability`."""
    entry = arrays.vocabulary(read_done(arrays.store, analysis_id)).word(word)
    return PatchWord(**asdict(entry))


@router.get("/{analysis_id}/patches/probability", response_class=Response)
def probability(
    analysis_id: str, word: str, arrays: InArrays, lens: Lens | None = None
) -> Response:
    """`.npy` (depth, patch): the probability of a word at every image position."""
    analysis = read_done(arrays.store, analysis_id)
    token_id = arrays.vocabulary(analysis).word(word).token_id
    return npy(arrays.patch_word(analysis, token_id, lens), f"{analysis_id}-patches-{token_id}")


@router.get("/{analysis_id}/patches/words")
def words(
    analysis_id: str,
    patch: Annotated[int, Query(ge=0)],
    arrays: InArrays,
    k: Annotated[int, Query(ge=1, le=10)] = WORDS_PER_DEPTH,
    lens: Lens | None = None,
) -> PatchWords:
    """The likeliest words of one image position at every depth."""
    analysis = read_done(arrays.store, analysis_id)
    # Nobody leads a difference: its patches are read by its base lens.
    derived = Derived("patches", (lens or analysis.request.lens).base)
    ids = arrays.derived(analysis, derived, "top_ids")
    if patch >= ids.shape[1]:
        raise NotFound(f"The image has patches 0 to {ids.shape[1] - 1}, not {patch}.")
    shares = arrays.derived(analysis, derived, "top_probabilities")
    entropy = arrays.derived(analysis, derived, "entropy")
    vocabulary = arrays.vocabulary(analysis)
    depths = [
        DepthWords(
            depth=depth,
            entropy=float(entropy[depth, patch]),
            words=cell_words(vocabulary, ids[depth, patch, :k], shares[depth, patch, :k]),
        )
        for depth in range(len(ids))
    ]
    return PatchWords(patch=patch, lens=derived.lens, depths=depths)
