"""Several images and one question → an image set and an analysis of each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fretboard.analysis.questions import prepare
from fretboard.core.alignment import parse_role
from fretboard.core.analysis import Analysis, problem_of
from fretboard.core.errors import InputError
from fretboard.core.image_set import ImageSet, Member, SetRequest, make_set
from fretboard.core.images import to_png
from fretboard.core.question import Question
from fretboard.jobs.fair_list import BATCH
from fretboard.jobs.life_cycle import AnswerLife, ImageSetLife
from fretboard.jobs.queue import NOBODY
from fretboard.jobs.services import Services
from fretboard.jobs.submit import known, submit

FEWEST, MOST = 2, 200
DEFAULT_ROLE = "first-difference"


@dataclass(frozen=True)
class SetQuestion:
    """The question of every image, and the images by upload, id or name."""

    question: Question
    token: str
    images: Sequence[tuple[str, bytes]] = ()
    analyses: Sequence[str] = ()
    world: str | None = None
    """A set of the bundled world; its question and token stand in where none is given."""


def submit_set(
    services: Services, set_question: SetQuestion, client: str = NOBODY
) -> tuple[ImageSet, bool]:
    """(the set, whether it is new or a member was run again).

    Images that are refused are named in it and skipped.
    """
    set_question = _from_world(set_question)
    token = set_question.token or DEFAULT_ROLE
    parse_role(token)
    members = [
        known(services, analysis_id, "upload its image") for analysis_id in set_question.analyses
    ]
    prompt, model = _question(services, set_question, members)
    count = len(members) + len(set_question.images)
    if not FEWEST <= count <= MOST:
        raise InputError(f"The set has {count} images; choose {FEWEST} to {MOST}.")
    answers = AnswerLife(services)
    started = [answers.retry(analysis, client, BATCH)[1] for analysis in members]
    listed = [Member(name=analysis.id[:8], analysis_id=analysis.id) for analysis in members]
    for name, data in set_question.images:
        member, new = _member(services, set_question.question, name, data, client)
        listed.append(member)
        started.append(new)
    set_request = SetRequest(
        prompt=prompt, model=model, token=token, salt=set_question.question.salt
    )
    image_set = make_set(set_request, listed)
    ImageSetLife(services).make_way(image_set.id)
    return image_set, services.sets.create(image_set) or any(started)


def _from_world(set_question: SetQuestion) -> SetQuestion:
    if set_question.world is None:
        return set_question
    from fretboard.tiny_llava.world.sets import SETS

    chosen = SETS.get(set_question.world)
    if chosen is None:
        raise InputError(
            f"There is no set {set_question.world!r} of the bundled world; there are "
            f"{', '.join(SETS)}."
        )
    question = set_question.question.but(prompt=set_question.question.prompt or chosen.prompt)
    drawn = [(name, to_png(image)) for name, image in chosen.images()]
    images = [*set_question.images, *drawn]
    return replace(
        set_question, question=question, token=set_question.token or chosen.token, images=images
    )


def _question(
    services: Services, set_question: SetQuestion, members: list[Analysis]
) -> tuple[str, str]:
    """(prompt, model); checked before any image is taken."""
    if set_question.images:
        checked, _ = prepare(services.settings, set_question.question, services.bus.announced())
        return checked.request.prompt, checked.request.model
    prompts = {analysis.request.prompt for analysis in members}
    models = {analysis.request.model for analysis in members}
    if len(models) > 1:
        raise InputError(
            f"The analyses are of several models ({', '.join(sorted(models))}); "
            "a joint map needs one."
        )
    prompt = prompts.pop() if len(prompts) == 1 else "(several prompts)"
    return prompt, next(iter(models), services.settings.model)


def _member(
    services: Services, question: Question, name: str, data: bytes, client: str
) -> tuple[Member, bool]:
    """(the member, or why it was refused; whether work was started)."""
    try:
        analysis, started = submit(services, question.but(image=data), BATCH, client)
    except InputError as error:
        return Member(name=name, error=problem_of(error)), False
    return Member(name=name, analysis_id=analysis.id), started
