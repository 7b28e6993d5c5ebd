"""States and logits that are no numbers, told by the first token and depth where they are none."""

from torch import Tensor

from fretboard.core.errors import NoNumbers

REMEDY = (
    "Set FRETBOARD_DTYPE to bfloat16 or float32, whose range is wider; if it stays, the "
    "checkpoint's weights are damaged, or a number of config.json is wrong."
)


def check_numbers(token: int, states: Tensor, logits: Tensor) -> None:
    """(L+1, width) and (V,) of one emitted token. Raises NoNumbers. A word may have logit −inf."""
    fine = states.isfinite().all(-1)
    spoken = logits.max()  # NaN where any is
    if bool(fine.all() & spoken.isfinite().to(fine.device)):
        return
    bad = (~fine).nonzero().flatten().tolist()
    raise no_numbers(f"token {token}", bad[0] if bad else len(states) - 1)


def check_states(states: Tensor) -> None:
    """(L+1, n, width) at the image positions. Raises NoNumbers."""
    fine = states.isfinite().all(-1)
    if bool(fine.all()):
        return
    depth, position = (~fine).nonzero()[0].tolist()
    raise no_numbers(f"image position {position}", depth)


def check_values(values: Tensor) -> None:
    """(tokens,) of a run whose states nobody reads. Raises NoNumbers."""
    fine = values.isfinite()
    if not bool(fine.all()):
        token = int((~fine).nonzero()[0])
        raise NoNumbers(
            f"The model gave no numbers (NaN or infinite) from token {token} on. {REMEDY}"
        )


def no_numbers(place: str, depth: int) -> NoNumbers:
    """The error to raise, naming the first place and depth."""
    return NoNumbers(
        f"The model gave no numbers (NaN or infinite) from {place}, depth {depth} on. {REMEDY}"
    )
