"""Exceptions of the model libraries, as one sentence with what to do; the traceback is logged."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from fretboard.core.errors import FretboardError, RunFailed, UnsupportedModel, said
from fretboard.model import memory

log = logging.getLogger(__name__)
# Another want than of memory: the whole machine's, or the user's.
OTHERS = (FretboardError, KeyboardInterrupt)


@contextmanager
def refusing(what: str, remedy: str) -> Iterator[None]:
    """Inside, an exception of a library becomes UnsupportedModel: "`what`: … `remedy`"."""
    try:
        yield
    except OTHERS:
        raise
    except Exception as error:
        raise refusal(error, what, remedy) from error


def refusal(error: Exception, what: str, remedy: str) -> FretboardError:
    """What `refusing` raises in the place of `error`."""
    explained = memory.explained(error)
    if isinstance(explained, FretboardError):
        return explained
    log.warning("%s", what, exc_info=error)
    if isinstance(error, ImportError):
        return UnsupportedModel(
            f"{what}: a package is not installed. {said(error)} Install it with pip and start "
            "again, or take what asks for it out of config.json."
        )
    return UnsupportedModel(f"{what}: {said(error)} {remedy}")


def run_failure(error: Exception, analysis_id: str) -> FretboardError:
    """The same of an error in a run; the log has the traceback with the analysis's id."""
    explained = memory.explained(error)
    if isinstance(explained, FretboardError):
        return explained
    log.error("analysis %s failed", analysis_id, exc_info=error)
    return RunFailed(
        f"The model, or a library that runs it, does not take this question: {said(error)} Try "
        f"another prompt or picture; the log has the traceback under {analysis_id}."
    )
