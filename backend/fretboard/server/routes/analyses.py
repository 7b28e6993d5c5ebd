"""Routes of `/api/analyses`: create, read, follow, cancel, delete, run again; image and arrays."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import BaseModel

from fretboard.analysis.arrays import Arrays
from fretboard.analysis.questions import without_preset
from fretboard.analysis.stages import as_read
from fretboard.core.analysis import Analysis
from fretboard.core.question import Question
from fretboard.core.reading import Divergence, Lens, Reading
from fretboard.jobs.life_cycle import AnswerLife
from fretboard.jobs.services import Services
from fretboard.jobs.submit import known, submit, with_image_of
from fretboard.server.attachments import npy
from fretboard.server.context import InArrays, InServices
from fretboard.server.events import of_run
from fretboard.server.forms import MULTIPART, QuestionForm
from fretboard.server.routes.life_cycle import Accepted, Resource, add_life_cycle
from fretboard.server.security.guard import client_of
from fretboard.store.analyses import IMAGE

URL = "/api/analyses"
router = APIRouter(tags=["analyses"])
answers = Resource(
    life=AnswerLife,
    url=URL,
    parameter="analysis_id",
    page=lambda analysis: f"/a/{analysis.id}",
    story=of_run,
    deletes="Remove all that is kept of it: record, image, causal tests, arrays, events.",
    cancels="Stop an analysis: at its next token, or at once while it waits.",
    follows="Follow an analysis: `status`, `token` (as each is generated), then `done` or "
    "`failed`. While it waits `status` has `position` (1: next) and `expected_seconds` (null "
    "until a run was measured). A finished analysis replays.",
)
add_life_cycle(router, answers)


class Missing(BaseModel):
    """Parts missing or damaged in the record: `image`, `arrays`, `hidden_states`."""

    missing: list[str]
    again: bool
    """Whether POST …/again can bring them back: it needs the image."""


@router.post(URL, status_code=202, responses={200: {"model": Accepted}})
def create(
    request: Request,
    response: Response,
    form: Annotated[QuestionForm, Form(media_type=MULTIPART)],
    reading: Annotated[Reading, Query()],
    services: InServices,
    arrays: InArrays,
) -> Accepted:
    """Analyse an image and a prompt. The same request again answers 200 and the same id.

    `skip_layers` may be a preset of the analysis `preset_of`, its stages read as the query
    says: the record holds the set. `image_of` asks about another analysis's image: the same
    question as with its file has the same id. `repair` is one of `/api/repairs`, then its
    settings: `deco strength=0.6 depths=8-10`. `steering` changes hidden states:
    `red away=blue depths=6` or `red swap=blue`. `Location` is the document's address. 413 where
    its memory would not fit: `max_new_tokens` of the problem is the number that does.
    """
    question = settled(services, arrays, form.question(), reading)
    if form.image_of:
        question = with_image_of(services, question, form.image_of)
    entered = submit(services, question, client=client_of(request))
    return answers.entered(services, response, *entered)


def settled(services: Services, arrays: Arrays, question: Question, reading: Reading) -> Question:
    """With the layers that a preset became, by the stages as read."""

    def find(analysis_id: str) -> Analysis:
        analysis = known(services, analysis_id, "take the preset of another one")
        return as_read(arrays, analysis, reading)

    return without_preset(services.settings, question, find, services.bus.announced())


@router.get(f"{URL}/{{analysis_id}}", response_model_by_alias=True)
def document(
    analysis_id: str, reading: Annotated[Reading, Query()], services: InServices, arrays: InArrays
) -> Analysis:
    """The document, its stages read as asked; its arrays are under `/arrays`."""
    return as_read(arrays, services.store.read(analysis_id), reading)


@router.get(f"{URL}/{{analysis_id}}/missing")
def missing(analysis_id: str, services: InServices) -> Missing:
    """Which parts of the record the store has lost, or holds damaged."""
    parts = services.store.lost_parts(services.store.read(analysis_id))
    return Missing(missing=parts, again=IMAGE not in parts)


@router.get(f"{URL}/{{analysis_id}}/image", response_class=Response)
def image(analysis_id: str, services: InServices) -> Response:
    """The upright image, as PNG."""
    return Response(services.store.read_image(analysis_id), media_type="image/png")


@router.get(f"{URL}/{{analysis_id}}/tokenizer", response_class=Response)
def tokenizer(analysis_id: str, services: InServices) -> Response:
    """`tokenizer.json` of the analysis's model: what its token ids say."""
    text = services.store.read_tokenizer(services.store.read(analysis_id).model.revision)
    return Response(text, media_type="application/json")


@router.get(f"{URL}/{{analysis_id}}/arrays/{{name}}", response_class=Response)
def array(
    analysis_id: str,
    name: str,
    services: InServices,
    arrays: InArrays,
    lens: Lens | None = None,
    divergence: Divergence = Divergence.JSD,
    sublayers: bool = False,
) -> Response:
    """An array as numpy's `.npy`; see the catalogue in the docs for shapes and units.

    `sublayers`: with the half depths, 2L + 1 rows.
    """
    values = arrays.named(services.store.read(analysis_id), name, lens, divergence, sublayers)
    return npy(values, f"{analysis_id}-{name}")
