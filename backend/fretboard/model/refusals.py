"""Exceptions of the model libraries, as one sentence with what to do; the traceback is logged."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from fretboard.core.errors import FretboardError, UnsupportedModel, said
from fretboard.model import shortage

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
    except ImportError as error:
        log.warning("%s", what, exc_info=error)
        raise UnsupportedModel(
            f"{what}: a package is not installed. {said(error)} Install it with pip and start "
            "again, or take what asks for it out of config.json."
        ) from error
    except Exception as error:
        explained = shortage.explained(error)
        if explained is not error:
            raise explained from error
        log.warning("%s", what, exc_info=error)
        raise UnsupportedModel(f"{what}: {said(error)} {remedy}") from error
