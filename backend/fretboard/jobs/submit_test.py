"""An analysis and a causal test of its answer → a record in the store and a job, once per id."""

from dataclasses import dataclass

from fretboard.core.analysis import Analysis, Status
from fretboard.core.causal_test import BLANK, CausalTest, Kind, TestFields, planned
from fretboard.core.errors import InputError, Lost, NotFinished, NotFound
from fretboard.core.images import read_picture, to_png
from fretboard.jobs.delete import allow, make_way
from fretboard.jobs.queue import NOBODY
from fretboard.jobs.services import Services

KNOCKOUT_OR_ATTRIBUTION = "Choose knockout or attribution."


@dataclass(frozen=True)
class _Other:
    """The image to patch against: its SHA-256, or `blank` without a PNG."""

    sha256: str = BLANK
    png: bytes | None = None


def submit_test(
    services: Services, fields: TestFields, upload: bytes | None = None, client: str = NOBODY
) -> tuple[CausalTest, bool]:
    """(the test, whether work was started). An equal request finds the one that exists.

    upload: the other picture to patch against. client: whose turn it takes, when others wait too.
    Raises InputError for what this answer cannot be tested for, NotFinished while it is written.
    """
    analysis = _tested(services, fields)
    _check_options(services, fields, upload, analysis)
    other = _other(services, fields, upload, analysis)
    test = planned(analysis, fields.kind, other.sha256, fields.into_image, fields.rival.strip())
    make_way(services, services.tests, test.id)
    if other.png is not None:
        services.tests.write_other(test.id, other.png)
    if not services.tests.create(test):
        existing = services.tests.read(test.id)
        if not _needs_run(services, existing):
            return existing, False
        services.tests.write(test)
    allow(services, test.id)
    services.jobs.start(test, client=client)
    return test, True


def _needs_run(services: Services, existing: CausalTest) -> bool:
    """It failed, or its results are lost."""
    if existing.status is Status.DONE:
        return not services.tests.has_results(existing.id)
    return existing.status is Status.FAILED


def _tested(services: Services, fields: TestFields) -> Analysis:
    """The analysis, finished, of the model that is served, with an image where one is needed."""
    analysis = _known(services, fields.analysis)
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
    if fields.kind.needs_image and analysis.request.image is None:
        raise InputError(
            f"This answer was given without an image, so there is nothing for {fields.kind} to "
            f"take away. {KNOCKOUT_OR_ATTRIBUTION}"
        )
    if fields.kind.needs_image and not analysis.image_positions:
        raise InputError(
            "This model takes its image in by cross-attention, not at positions of the prompt, so "
            f"{fields.kind} has nothing to change. {KNOCKOUT_OR_ATTRIBUTION}"
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


def _check_options(
    services: Services, fields: TestFields, upload: bytes | None, analysis: Analysis
) -> None:
    """Options that another kind has are refused, not dropped."""
    if fields.kind is not Kind.PATCHING and (
        fields.other != BLANK or upload is not None or fields.into_image
    ):
        raise InputError(
            "other, other_image and into_image belong to patching; "
            f"leave them out for {fields.kind}."
        )
    if fields.rival.strip() and fields.kind is not Kind.ATTRIBUTION:
        raise InputError(f"rival belongs to attribution; leave it out for {fields.kind}.")
    if fields.rival.strip():
        services.vocabulary(analysis).word(fields.rival.strip())


def _other(
    services: Services, fields: TestFields, upload: bytes | None, analysis: Analysis
) -> _Other:
    if fields.kind is not Kind.PATCHING:
        return _Other()
    if upload is not None:
        if fields.other != BLANK:
            raise InputError("Give either other or other_image, not both.")
        picture = read_picture(upload, services.settings.max_image_pixels)
        other = _Other(picture.sha256, to_png(picture.image))
    elif fields.other == BLANK:
        return _Other()
    else:
        known = _known(services, fields.other)
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
