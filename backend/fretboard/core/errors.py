"""Every error a user can meet. `detail` says what happened, then what to do."""

import re
from typing import ClassVar

LONGEST = 240  # characters of what a library said


class FretboardError(Exception):
    """Base of all errors shown to users; `status` is the HTTP status, `title` the kind."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str, **members: int) -> None:
        """members: numbers that a client may act on, beside the words."""
        super().__init__(detail)
        self.detail, self.members = detail, members


class InputError(FretboardError):
    """The request itself is wrong."""

    status = 422
    title = "The request cannot be used"


class BadImage(InputError):
    """The bytes are not an image that can be read."""

    title = "The image cannot be read"


class TooLarge(InputError):
    """A body, an image or a number over the limit."""

    status = 413
    title = "Too large"


class TooLong(InputError):
    """Prompt and answer do not fit into the model's positions; `max_new_tokens` would."""

    title = "Too long for the model"


class UnknownModel(InputError):
    """The named model is not served here."""

    title = "This model is not served here"


class UnknownWord(InputError):
    """The model's vocabulary has no token that could stand for the word."""

    title = "Not in the vocabulary"


class NotFound(FretboardError):
    """No such analysis, array, figure or page."""

    status = 404
    title = "Not found"


class Lost(NotFound):
    """The analysis is known, but a part of its record is gone; running it again brings it back."""

    status = 410
    title = "A part of the record is lost"


class NotFinished(FretboardError):
    """The analysis exists, but what was asked for does not yet."""

    status = 409
    title = "Not finished"


class Unavailable(FretboardError):
    """A model is loading, or a worker or a store does not answer."""

    status = 503
    title = "Not available right now"


class StoreFull(FretboardError):
    """The store has no room left, or may not be written."""

    status = 507
    title = "The store cannot be written"


class OutOfMemory(FretboardError):
    """The model's device has not enough memory for this run."""

    status = 507
    title = "Not enough memory"


class NoNumbers(FretboardError):
    """The model computed NaN or infinite states or logits: nothing of the run can be read."""

    title = "The model gave no numbers"


class RunFailed(FretboardError):
    """A library raised in the middle of a run; the log has its traceback with the analysis's id."""

    title = "The run failed"


class UnsupportedModel(FretboardError):
    """A checkpoint whose decoder layers, final norm, unembedding or logit tail were not found."""

    title = "This model cannot be read"


class Cancelled(FretboardError):
    """A user stopped the work."""

    status = 499
    title = "Cancelled"


def said(error: BaseException) -> str:
    """The first sentence of a library's exception, on one line; its kind where it has no words."""
    words = " ".join(str(error).split())
    if not words or isinstance(error, KeyError):
        words = f"{type(error).__name__} {words}".strip()
    first = re.split(r"(?<=[.!?]) (?=[A-Z])", words)[0]
    return f"{first[:LONGEST].rstrip('. ')}."
