"""An analysis and a causal test of its answer → a record in the store and a job, once per id."""

from dataclasses import dataclass

from fretboard.core.analysis import Analysis, Status
from fretboard.core.causal_test import BLANK, Experiment, Kind, planned
from fretboard.core.errors import InputError, Lost, NotFinished, NotFound
from fretboard.core.images import read_picture, to_png
from fretboard.jobs.delete import allow, make_way
from fretboard.jobs.queue import NOBODY
from fretboard.jobs.services import Services

KNOCKOUT_OR_ATTRIBUTION = "Choose knockout or attribution."


@dataclass(frozen=True)
class AskedTest:
    """The fields of a POST. other: `blank`, or the id of an analysis whose image is used."""

    analysis: str
    kind: Kind
    other: str = BLANK
    upload: bytes | None = None
    """The other image, uploaded."""
    into_image: bool = False
    rival: str = ""


@dataclass(frozen=True)
class _Other:
    """The image to patch against: its SHA-256, or `blank` without a PNG."""

    sha256: str = BLANK
    png: bytes | None = None


def submit_test(
    services: Services, asked: AskedTest, client: str = NOBODY
) -> tuple[Experiment, bool]:
    """(the experiment, whether work was started). An equal request finds the one that exists.

    client: whose turn it takes, when others wait too.
    Raises InputError for what this answer cannot be tested for, NotFinished while it is written.
    """
    analysis = _tested(services, asked)
    _check_options(services, asked, analysis)
    other = _other(services, asked, analysis)
    wanted = planned(analysis, asked.kind, other.sha256, asked.into_image, asked.rival.strip())
    make_way(services, services.experiments, wanted.id)
    if other.png is not None:
        services.experiments.write_other(wanted.id, other.png)
    if not services.experiments.create(wanted):
        existing = services.experiments.read(wanted.id)
        if not _needs_run(services, existing):
            return existing, False
        services.experiments.write(wanted)
    allow(services, wanted.id)
    services.jobs.experiment(wanted, client)
    return wanted, True


def _needs_run(services: Services, existing: Experiment) -> bool:
    """It failed, or its results are lost."""
    if existing.status is Status.DONE:
        return not services.experiments.has_results(existing.id)
    return existing.status is Status.FAILED


def _tested(services: Services, asked: AskedTest) -> Analysis:
    """The analysis, finished, of the model that is served, with an image where one is needed."""
    analysis = _known(services, asked.analysis)
    if analysis.status is Status.FAILED:
        raise InputError("This analysis failed, so there is no answer to test. Ask it again first.")
    if analysis.status is not Status.DONE:
        raise NotFinished(
            f"The analysis is {analysis.status}; its answer can be tested when it is done."
        )
    served = services.choose(analysis.model.name)
    if served.revision != analysis.model.revision:
        raise InputError(
            "This analysis was made with another revision of the model than the one served now. "
            "Ask the question again, then test that answer."
        )
    if asked.kind.needs_image and analysis.request.image is None:
        raise InputError(
            f"This answer was given without an image, so there is nothing for {asked.kind} to take "
            f"away. {KNOCKOUT_OR_ATTRIBUTION}"
        )
    if asked.kind.needs_image and not analysis.image_positions:
        raise InputError(
            "This model takes its image in by cross-attention, not at positions of the prompt, so "
            f"{asked.kind} has nothing to change. {KNOCKOUT_OR_ATTRIBUTION}"
        )
    return analysis


def _known(services: Services, analysis_id: str) -> Analysis:
    try:
        return services.store.read(analysis_id)
    except Lost:
        raise
    except NotFound as error:
        raise InputError(
            f"There is no analysis {analysis_id!r}; ask the question first, then test its answer."
        ) from error


def _check_options(services: Services, asked: AskedTest, analysis: Analysis) -> None:
    """Options that another kind has are refused, not dropped."""
    if asked.kind is not Kind.PATCHING and (
        asked.other != BLANK or asked.upload is not None or asked.into_image
    ):
        raise InputError(
            "other, other_image and into_image belong to patching; "
            f"leave them out for {asked.kind}."
        )
    if asked.rival.strip() and asked.kind is not Kind.ATTRIBUTION:
        raise InputError(f"rival belongs to attribution; leave it out for {asked.kind}.")
    if asked.rival.strip():
        services.vocabulary(analysis).word(asked.rival.strip())


def _other(services: Services, asked: AskedTest, analysis: Analysis) -> _Other:
    if asked.kind is not Kind.PATCHING:
        return _Other()
    if asked.upload is not None:
        if asked.other != BLANK:
            raise InputError("Give either other or other_image, not both.")
        picture = read_picture(asked.upload, services.settings.max_image_pixels)
        other = _Other(picture.sha256, to_png(picture.image))
    elif asked.other == BLANK:
        return _Other()
    else:
        known = _known(services, asked.other)
        if known.request.image is None:
            raise InputError("The other analysis has no image; choose one that has, or blank.")
        other = _Other(known.request.image.sha256, services.store.read_image(known.id))
    assert analysis.request.image is not None  # patching needs one
    if other.sha256 == analysis.request.image.sha256:
        raise InputError(
            "The other image is the image of the answer itself: the two runs would not differ. "
            "Choose another one, or blank."
        )
    return other
