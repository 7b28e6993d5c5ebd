"""A checked request → an analysis or a causal test in the store, and a job, once per content id."""

from contextlib import suppress

from fretboard.analysis.arrays import require_done
from fretboard.analysis.questions import prepare
from fretboard.core.analysis import Analysis
from fretboard.core.causal_test import BLANK, CausalTest, Kind, TestFields, planned
from fretboard.core.errors import InputError, Lost, NotFound, Unavailable
from fretboard.core.images import Picture, read_picture, stored_image, to_png
from fretboard.core.model_info import ServedModel
from fretboard.core.question import Question
from fretboard.core.room import check_texts
from fretboard.core.vocabulary import Vocabulary
from fretboard.jobs.admission import Load, admit, prompt_tokens
from fretboard.jobs.fair_list import INTERACTIVE
from fretboard.jobs.life_cycle import AnswerLife, CausalTestLife
from fretboard.jobs.queue import NOBODY
from fretboard.jobs.services import Services

INSTEAD = "ask the question first, then test its answer"


def submit(
    services: Services, question: Question, lane: str = INTERACTIVE, client: str = NOBODY
) -> tuple[Analysis, bool]:
    """(the analysis, whether work was started). An equal request finds the one that exists.

    client: whose turn it takes, when others wait too.
    """
    analysis, picture = prepare(services.settings, question, services.bus.announced())
    _check_loadable(services, analysis)
    answers = AnswerLife(services)
    answers.make_way(analysis.id)
    served, vocabulary = services.choose(analysis.model.name), _vocabulary(services, analysis)
    if vocabulary is not None:
        check_texts(analysis.request, served, vocabulary, services.settings.max_new_tokens)
    share = _check_memory(services, analysis, served, vocabulary)

    def write_image() -> None:
        if picture is not None:
            services.store.write_image(analysis.id, to_png(picture.image))

    return answers.enter(analysis, write_image, client, lane, share)


def known(services: Services, analysis_id: str, instead: str) -> Analysis:
    """The analysis that a request names. Raises InputError, which says what to do `instead`."""
    try:
        return services.store.read(analysis_id)
    except Lost:
        raise
    except NotFound as error:
        raise InputError(f"There is no analysis {analysis_id!r}; {instead}.") from error


def with_image_of(services: Services, question: Question, analysis_id: str) -> Question:
    """About the image of a known analysis, under the hash of the file that it came in.

    The same question as with that file, so it has the same id. Raises InputError, Lost.
    """
    if question.image is not None:
        raise InputError("Give either image or image_of, not both.")
    info = known(services, analysis_id, "choose the image again").request.image
    if info is None:
        raise InputError(f"The analysis {analysis_id!r} has no image; leave image_of out.")
    png = services.store.read_image(analysis_id)
    picture = Picture(stored_image(png), info.sha256, info.media_type, info.note)
    return question.but(image=picture)


def _vocabulary(services: Services, analysis: Analysis) -> Vocabulary | None:
    """None until a worker has published it."""
    with suppress(NotFound):
        return services.vocabulary(analysis)
    return None


def _check_memory(
    services: Services, analysis: Analysis, served: ServedModel, vocabulary: Vocabulary | None
) -> float:
    """Share of the worker's memory; what is already there, or underway, costs nothing to show."""
    limit = services.settings.request_bytes or served.free_bytes
    if not limit or services.store.exists(analysis.id):
        return 0.0
    request = analysis.request
    count = vocabulary.count if vocabulary is not None else None
    image = served.image_positions if request.image is not None else 0
    prompt = prompt_tokens(request.prompt, count and count(request.prompt), image)
    forced = request.continuation
    new = (count(forced) if count else len(forced)) if forced else request.max_new_tokens
    return admit(served, Load(prompt=prompt, new=new), limit)


def _check_loadable(services: Services, analysis: Analysis) -> None:
    facts = services.bus.announced().get(analysis.model.name, {})
    if facts.get("state") == "failed":
        raise Unavailable(
            f"The model {analysis.model.name} could not be loaded: {facts['detail']} "
            "Correct FRETBOARD_MODEL and start the server again."
        )


def submit_test(
    services: Services, fields: TestFields, upload: bytes | None = None, client: str = NOBODY
) -> tuple[CausalTest, bool]:
    """(the test, whether work was started). An equal request finds the one that exists.

    upload: the other picture to patch against. client: whose turn it takes, when others wait too.
    Raises InputError for what this answer cannot be tested for, NotFinished while it is written.
    """
    analysis = _tested(services, fields)
    other, png = _other(services, fields, upload)
    test = planned(analysis, fields.kind, other, fields.into_image, fields.rival.strip())
    if test.rival:
        services.vocabulary(analysis).word(test.rival)
    tests = CausalTestLife(services)
    tests.make_way(test.id)

    def write_other() -> None:
        if png is not None:
            services.tests.write_other(test.id, png)

    return tests.enter(test, write_other, client)


def _tested(services: Services, fields: TestFields) -> Analysis:
    """The analysis, finished, of the model that is served."""
    analysis = known(services, fields.analysis, INSTEAD)
    require_done(analysis)
    served = services.choose(analysis.model.name)
    if served.revision != analysis.model.revision:
        raise InputError(
            "This analysis was made with another revision of the model than the one served now. "
            "Ask the question again, then test that answer."
        )
    return analysis


def _other(
    services: Services, fields: TestFields, upload: bytes | None
) -> tuple[str, bytes | None]:
    """(SHA-256 or `blank`, PNG) of the image to patch against; not read where nothing patches."""
    if upload is not None:
        if fields.other != BLANK:
            raise InputError("Give either other or other_image, not both.")
        picture = read_picture(upload, services.settings.max_image_pixels)
        return picture.sha256, to_png(picture.image)
    if fields.other == BLANK or fields.kind is not Kind.PATCHING:
        return fields.other, None
    analysis = known(services, fields.other, "choose another one, or blank")
    if analysis.request.image is None:
        raise InputError("The other analysis has no image; choose one that has, or blank.")
    return analysis.request.image.sha256, services.store.read_image(analysis.id)
