"""Exceptions of the model libraries, as one sentence with what to do; the traceback is logged."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from fretboard.core.errors import FretboardError, UnsupportedModel
from fretboard.model import shortage

log = logging.getLogger(__name__)
LONGEST = 240  # characters of what a library said
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


def said(error: BaseException) -> str:
    """The first sentence of an exception's words, on one line; its kind where it has none."""
    words = " ".join(str(error).split())
    if not words or isinstance(error, KeyError):
        words = f"{type(error).__name__} {words}".strip()
    first = re.split(r"(?<=[.!?]) (?=[A-Z])", words)[0]
    return f"{first[:LONGEST].rstrip('. ')}."
