"""Routes of `/api/analyses/{id}`: any word's curve over the depths, the words of one cell."""

from dataclasses import asdict
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query
from pydantic import BaseModel

from fretboard.analysis.arrays import require_depth, require_token
from fretboard.core.errors import InputError
from fretboard.core.reading import Lens
from fretboard.core.vocabulary import Vocabulary
from fretboard.server.context import InArrays

WORDS_AT_ONCE = 20  # curves beyond that cannot be told apart
router = APIRouter(prefix="/api/analyses", tags=["words"])


class PatchWord(BaseModel):
    """A word as the vocabulary has it; of several pieces, the first stands for the word."""

    word: str
    token_id: int
    token_text: str
    pieces: list[str]


class WordCurve(PatchWord):
    """A word's probability at depths 0…L."""

    probability: list[float]


class WordCurves(BaseModel):
    """Curves in the order asked."""

    words: list[WordCurve]


class CellWord(BaseModel):
    """One of the likeliest words of a cell or a patch."""

    token_id: int
    token_text: str
    probability: float


class Cell(BaseModel):
    """One cell of the fretboard: the words that lead there, the emitted token's standing."""

    token: int
    depth: int
    lens: Lens
    probability: float
    rank: int
    entropy: float
    words: list[CellWord]


@router.get("/{analysis_id}/words")
def words(
    analysis_id: str,
    token: Annotated[int, Query(ge=0)],
    word: Annotated[list[str], Query()],
    arrays: InArrays,
    lens: Lens | None = None,
) -> WordCurves:
    """The probability of any words of the vocabulary at every depth, exactly."""
    analysis = arrays.store.read(analysis_id)
    require_token(analysis, token)
    if len(word) > WORDS_AT_ONCE:
        raise InputError(f"{len(word)} words were asked; ask at most {WORDS_AT_ONCE} at once.")
    entries = [arrays.vocabulary(analysis).word(text) for text in word]
    table = arrays.distribution(analysis, token, lens)
    curves = [(entry, table[:, entry.token_id].tolist()) for entry in entries]
    return WordCurves(words=[WordCurve(**asdict(e), probability=curve) for e, curve in curves])


@router.get("/{analysis_id}/cells")
def cell(
    analysis_id: str, token: int, depth: int, arrays: InArrays, lens: Lens | None = None
) -> Cell:
    """The likeliest words at one depth of one token."""
    analysis = arrays.store.read(analysis_id)
    require_token(analysis, token)
    require_depth(analysis, depth)

    def at(name: str) -> Any:
        return arrays.named(analysis, name, lens)[depth, token]

    return Cell(
        token=token,
        depth=depth,
        lens=lens or analysis.request.lens,
        probability=float(at("probability")),
        rank=int(at("rank")),
        entropy=float(at("entropy")),
        words=cell_words(arrays.vocabulary(analysis), at("top_ids"), at("top_probabilities")),
    )


def cell_words(vocabulary: Vocabulary, ids: np.ndarray, shares: np.ndarray) -> list[CellWord]:
    """The words of one depth, likeliest first."""
    texts = vocabulary.texts(ids.tolist())
    return [
        CellWord(token_id=i, token_text=text, probability=share)
        for i, text, share in zip(ids.tolist(), texts, shares.tolist(), strict=True)
    ]
