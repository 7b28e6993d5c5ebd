"""Routes of `/api/analyses`: create, read, follow, cancel, delete; arrays, words and cells."""

import io
from collections.abc import AsyncIterator
from typing import Annotated

import ml_dtypes
import numpy as np
from fastapi import APIRouter, Depends, File, Form, Header, Query, Response, UploadFile
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from fretboard.api.arrays import ArrayReader
from fretboard.api.events import stream
from fretboard.api.reading import StageQuery, Stager, stage_query
from fretboard.api.skips import chosen_layers
from fretboard.api.submission import Asked, submit
from fretboard.document import DEFAULT_NEW_TOKENS, Analysis, Divergence, Lens, SkipWhen, Status
from fretboard.errors import InputError, NotFinished
from fretboard.services import Services
from fretboard.sources import require_depth, require_token

NPY = "application/octet-stream"
WORDS_AT_ONCE = 20  # curves beyond that cannot be told apart


class Accepted(BaseModel):
    """Answer to a new or known request."""

    id: str
    status: Status
    url: str


class WordCurve(BaseModel):
    """A word's probability at depths 0…L; of several pieces, the first stands for the word."""

    word: str
    token_id: int
    token_text: str
    pieces: list[str]
    probability: list[float]


class WordCurves(BaseModel):
    """Curves in the order asked."""

    words: list[WordCurve]


class CellWord(BaseModel):
    """One of the likeliest words of a cell."""

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


def routes(services: Services, reader: ArrayReader, stage: Stager) -> APIRouter:
    """The router, bound to this process's services."""
    router = APIRouter(prefix="/api/analyses", tags=["analyses"])
    _add_life_cycle(router, services, stage)
    _add_events(router, services)
    _add_arrays(router, services, reader)
    _add_words(router, services, reader)
    return router


def _add_life_cycle(router: APIRouter, services: Services, stage: Stager) -> None:
    @router.post("", status_code=202, responses={200: {"model": Accepted}})
    def create(
        response: Response,
        prompt: Annotated[str, Form()],
        stages: Annotated[StageQuery, Depends(stage_query)],
        image: Annotated[UploadFile | None, File()] = None,
        model: Annotated[str | None, Form()] = None,
        max_new_tokens: Annotated[int, Form()] = DEFAULT_NEW_TOKENS,
        lens: Annotated[str, Form()] = Lens.NORMED.value,
        skip_layers: Annotated[str, Form()] = "",
        skip_when: Annotated[str, Form()] = SkipWhen.ALWAYS.value,
        preset_of: Annotated[str | None, Form()] = None,
        continuation: Annotated[str | None, Form()] = None,
    ) -> Accepted:
        """Analyse an image and a prompt. The same request again answers 200 and the same id.

        `skip_layers` may be a preset of the analysis `preset_of`, its stages found as asked.
        """
        layers = chosen_layers(services, stage, skip_layers, preset_of, stages, model or None)
        data = image.file.read() if image is not None else None
        asked = Asked(
            prompt, data, model or None, max_new_tokens, lens, layers, continuation, skip_when
        )
        analysis, started = submit(services, asked)
        response.status_code = 202 if started else 200
        response.headers["Location"] = f"/api/analyses/{analysis.id}"
        return Accepted(id=analysis.id, status=analysis.status, url=f"/a/{analysis.id}")

    @router.get("/{analysis_id}", response_model_by_alias=True)
    def document(
        analysis_id: str,
        stages: Annotated[StageQuery, Depends(stage_query)],
        lens: Lens | None = None,
    ) -> Analysis:
        """The document, its stages found as asked; its arrays are under `/arrays`."""
        return stage(services.store.read(analysis_id), lens, stages)

    @router.delete("/{analysis_id}", status_code=204)
    def delete(analysis_id: str) -> None:
        """Remove the record, its cached arrays and its events."""
        services.jobs.cancel(analysis_id)
        services.store.delete(analysis_id)
        services.cache.drop(f"{analysis_id}/")
        services.bus.clear(analysis_id)

    @router.post("/{analysis_id}/cancel", status_code=202)
    def cancel(analysis_id: str) -> Accepted:
        """Stop a queued or running analysis at its next token."""
        analysis = services.store.read(analysis_id)
        if analysis.status in (Status.DONE, Status.FAILED):
            raise NotFinished(f"The analysis is {analysis.status}; there is nothing to cancel.")
        services.jobs.cancel(analysis_id)
        return Accepted(id=analysis.id, status=analysis.status, url=f"/a/{analysis.id}")


def _add_events(router: APIRouter, services: Services) -> None:
    def known(analysis_id: str) -> Analysis:
        return services.store.read(analysis_id)

    @router.get("/{analysis_id}/events", response_class=EventSourceResponse)
    async def events(
        # A dependency, so that an unknown id is answered before the stream begins.
        analysis: Annotated[Analysis, Depends(known)],
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> AsyncIterator[ServerSentEvent]:
        """Follow an analysis: `status`, `token` (as each is generated), `done`, `failed`."""
        async for event in stream(services, analysis, last_event_id):
            yield event


def _add_arrays(router: APIRouter, services: Services, reader: ArrayReader) -> None:
    store = services.store

    @router.get("/{analysis_id}/image", response_class=Response)
    def image(analysis_id: str) -> Response:
        """The upright image, as PNG."""
        return Response(store.read_image(analysis_id), media_type="image/png")

    @router.get("/{analysis_id}/arrays/{name}", response_class=Response)
    def array(
        analysis_id: str,
        name: str,
        lens: Lens | None = None,
        divergence: Divergence = Divergence.JSD,
    ) -> Response:
        """An array as numpy's `.npy`; see the catalogue in the docs for shapes and units."""
        values = reader.named(store.read(analysis_id), name, lens, divergence)
        return Response(
            to_npy(values),
            media_type=NPY,
            headers={"Content-Disposition": f'attachment; filename="{analysis_id}-{name}.npy"'},
        )


def _add_words(router: APIRouter, services: Services, reader: ArrayReader) -> None:
    @router.get("/{analysis_id}/words")
    def words(
        analysis_id: str,
        token: Annotated[int, Query(ge=0)],
        word: Annotated[list[str], Query()],
        lens: Lens | None = None,
    ) -> WordCurves:
        """The probability of any words of the vocabulary at every depth, exactly."""
        analysis = services.store.read(analysis_id)
        require_token(analysis, token)
        if len(word) > WORDS_AT_ONCE:
            raise InputError(f"{len(word)} words were asked; ask at most {WORDS_AT_ONCE} at once.")
        found = [services.vocabulary(analysis).word(text) for text in word]
        table = reader.distribution(analysis, token, lens)
        return WordCurves(
            words=[
                WordCurve(
                    word=entry.word,
                    token_id=entry.token_id,
                    token_text=entry.token_text,
                    pieces=list(entry.pieces),
                    probability=table[:, entry.token_id].tolist(),
                )
                for entry in found
            ]
        )

    @router.get("/{analysis_id}/cells")
    def cell(analysis_id: str, token: int, depth: int, lens: Lens | None = None) -> Cell:
        """The likeliest words at one depth of one token."""
        analysis = services.store.read(analysis_id)
        require_token(analysis, token)
        require_depth(analysis, depth)
        at = (depth, token)
        ids = reader.named(analysis, "top_ids", lens)[at].tolist()
        shares = reader.named(analysis, "top_probabilities", lens)[at].tolist()
        texts = services.vocabulary(analysis).texts(ids)
        return Cell(
            token=token,
            depth=depth,
            lens=lens or analysis.request.lens,
            probability=float(reader.named(analysis, "probability", lens)[at]),
            rank=int(reader.named(analysis, "rank", lens)[at]),
            entropy=float(reader.named(analysis, "entropy", lens)[at]),
            words=[
                CellWord(token_id=i, token_text=text, probability=share)
                for i, text, share in zip(ids, texts, shares, strict=True)
            ],
        )


def to_npy(values: np.ndarray) -> bytes:
    """numpy's own format; bfloat16, which plain numpy cannot read, goes out as float32."""
    if values.dtype == np.dtype(ml_dtypes.bfloat16):
        values = values.astype(np.float32)
    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=False)
    return buffer.getvalue()
