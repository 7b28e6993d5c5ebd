"""Whether an analysis must run again, for it failed or lost a part; and running it again."""

from fretboard.core.analysis import Analysis, Status
from fretboard.core.errors import Lost
from fretboard.jobs.fair_list import INTERACTIVE
from fretboard.jobs.services import Services
from fretboard.store.analyses import IMAGE


def needs_run(services: Services, analysis: Analysis) -> bool:
    """It failed, its place was lost with the queue, or its numbers are lost."""
    if analysis.status in (Status.QUEUED, Status.RUNNING):
        return not services.jobs.knows(analysis)
    lost = set(services.store.lost_parts(analysis)) - {IMAGE}
    return analysis.status == Status.FAILED or bool(lost)


def run_again(
    services: Services, analysis: Analysis, client: str, lane: str = INTERACTIVE
) -> Analysis:
    """Queue it afresh. Raises Lost when its image is gone too."""
    if IMAGE in services.store.lost_parts(analysis):
        raise Lost(
            "The image of this analysis is lost, so it cannot be run again by itself. Ask the "
            "question again with the same image: it gets the same permalink."
        )
    fresh = analysis.model_copy(update={"status": Status.QUEUED, "error": None})
    services.cache.drop(f"{analysis.id}/")
    services.store.write(fresh)
    services.jobs.start(fresh, lane, client)
    return fresh
