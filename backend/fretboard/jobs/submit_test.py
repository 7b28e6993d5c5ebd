"""An analysis and a causal test of its answer → a record in the store and a job, once per id."""

from fretboard.analysis.arrays import require_done
from fretboard.core.analysis import Analysis
from fretboard.core.causal_test import BLANK, CausalTest, Kind, TestFields, planned
from fretboard.core.errors import InputError
from fretboard.core.images import read_picture, to_png
from fretboard.jobs.life_cycle import CausalTestLife
from fretboard.jobs.queue import NOBODY
from fretboard.jobs.services import Services
from fretboard.jobs.submit import known

INSTEAD = "ask the question first, then test its answer"


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
