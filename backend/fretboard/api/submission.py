"""A checked request → an analysis in the store and a job on the queue, once per content id."""

from contextlib import suppress
from dataclasses import dataclass

from fretboard.admission import Load, admit, prompt_tokens
from fretboard.api.rerun import needs_run, run_again
from fretboard.document import Analysis, Status, analysis_id
from fretboard.erasing import allow
from fretboard.errors import (
    FretboardError,
    InputError,
    NotFound,
    StoreFull,
    TooLarge,
    Unavailable,
)
from fretboard.images import Picture, read_picture, to_png
from fretboard.queue.jobs import NOBODY
from fretboard.queue.waiting import INTERACTIVE
from fretboard.repair import parse_repair
from fretboard.request import (
    DEFAULT_NEW_TOKENS,
    AnalysisRequest,
    ImageInfo,
    Lens,
    SkipWhen,
    check_repair,
    parse_layers,
)
from fretboard.served import NOTHING, Announced, choose_model
from fretboard.services import Services
from fretboard.settings import Settings


@dataclass(frozen=True)
class Asked:
    """The fields of a POST as they came; see DESIGN's contract."""

    prompt: str
    image: bytes | None = None
    model: str | None = None
    max_new_tokens: int = DEFAULT_NEW_TOKENS
    lens: str = Lens.NORMED.value
    skip_layers: str = ""
    continuation: str | None = None
    skip_when: str = SkipWhen.ALWAYS.value
    repair: str = ""
    """As `parse_repair` reads it."""
    salt: str | None = None
    """Makes it private: equal requests with another salt, or none, do not find it."""


def prepare(
    settings: Settings, asked: Asked, announced: Announced = NOTHING
) -> tuple[Analysis, Picture | None]:
    """The analysis that `asked` stands for, not yet stored. Raises InputError."""
    served = choose_model(settings, asked.model, announced)
    _check(settings, asked)
    picture = (
        read_picture(asked.image, settings.max_image_pixels) if asked.image is not None else None
    )
    # Where the config leaves the layers out, the worker checks the range.
    skipped = parse_layers(asked.skip_layers, served.layers or None)
    request = AnalysisRequest(
        prompt=asked.prompt,
        model=served.name,
        max_new_tokens=asked.max_new_tokens,
        lens=Lens(asked.lens),
        skip_layers=skipped,
        # Without a layer to skip both are the same run: one id.
        skip_when=SkipWhen(asked.skip_when) if skipped else SkipWhen.ALWAYS,
        continuation=asked.continuation or None,
        repair=parse_repair(asked.repair, served.layers or None),
        salt=asked.salt,
        image=_image_info(picture),
    )
    check_repair(request)
    model = served.info
    return Analysis(id=analysis_id(request, model), request=request, model=model), picture


def submit(
    services: Services, asked: Asked, lane: str = INTERACTIVE, client: str = NOBODY
) -> tuple[Analysis, bool]:
    """(the analysis, whether work was started). An equal request finds the one that exists.

    client: whose turn it takes, when others wait too.
    """
    analysis, picture = prepare(services.settings, asked, services.bus.announced())
    _check_loadable(services, analysis)
    share = _check_memory(services, analysis)
    if picture is not None:
        services.store.write_image(analysis.id, to_png(picture.image))
    allow(services, analysis.id)  # before the record: without Redis it is refused here
    if _accept(services, analysis):
        services.jobs.analyse(analysis, lane, client, share)
        return analysis, True
    return _revive(services, services.store.read(analysis.id), lane, client)


def _accept(services: Services, analysis: Analysis) -> bool:
    """Whether the record is new. Where it cannot be written, nothing is left of it."""
    try:
        return services.store.create(analysis)
    except (StoreFull, Unavailable):
        with suppress(FretboardError):
            if not services.store.exists(analysis.id):
                services.store.purge(analysis.id)
        raise


def _check_memory(services: Services, analysis: Analysis) -> float:
    """Share of the worker's memory; what is already there, or underway, costs nothing to show."""
    served = services.choose(analysis.model.name)
    limit = services.settings.request_bytes or served.free_bytes
    if not limit or services.store.exists(analysis.id):
        return 0.0
    request = analysis.request
    vocabulary = None
    with suppress(NotFound):  # until a worker has published it
        vocabulary = services.vocabulary(analysis)
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


def _check(settings: Settings, asked: Asked) -> None:
    if not asked.prompt.strip():
        raise InputError("The prompt is empty. Ask something, such as: What is in this image?")
    for name, text in (("prompt", asked.prompt), ("continuation", asked.continuation or "")):
        if len(text) > settings.max_prompt_characters:
            raise TooLarge(
                f"The {name} has {len(text)} characters; "
                f"at most {settings.max_prompt_characters} are taken."
            )
    if not 1 <= asked.max_new_tokens <= settings.max_new_tokens:
        raise InputError(
            f"max_new_tokens is {asked.max_new_tokens}; choose 1 to {settings.max_new_tokens}."
        )
    if asked.lens not in list(Lens):
        raise InputError(f"There is no lens {asked.lens!r}; choose {', '.join(Lens)}.")
    if asked.skip_when not in list(SkipWhen):
        raise InputError(
            f"There is no skip_when {asked.skip_when!r}; choose {', '.join(SkipWhen)}."
        )


def _revive(
    services: Services, existing: Analysis, lane: str, client: str
) -> tuple[Analysis, bool]:
    """One that failed, or lost a part of its record, is run again when it is asked again."""
    underway = existing.status in (Status.QUEUED, Status.RUNNING)
    if underway or not needs_run(services, existing):
        return existing, False
    return run_again(services, existing, client, lane), True


def _image_info(picture: Picture | None) -> ImageInfo | None:
    if picture is None:
        return None
    width, height = picture.image.size
    return ImageInfo(
        sha256=picture.sha256, width=width, height=height, media_type=picture.media_type
    )
