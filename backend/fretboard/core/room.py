"""Whether prompt and answer fit into the positions that a model knows; asked by web and worker."""

from fretboard.core.errors import TooLong


def check_answer(positions: int, prompt: int, new: int, forced: bool) -> None:
    """All in tokens; positions 0: without a bound. Raises TooLong with the number that fits.

    forced: the answer is a continuation.
    """
    if not positions or prompt + new <= positions:
        return
    fits = max(0, positions - prompt)
    if not fits:
        raise TooLong(
            f"The prompt takes {prompt} tokens with its image and chat template, and the model "
            f"knows {positions} positions. Shorten it by at least {prompt - positions + 1} tokens.",
            fits,
        )
    what = "The continuation has" if forced else "max_new_tokens is"
    raise TooLong(
        f"{what} {new}{' tokens' * forced}; with this prompt of {prompt} tokens {fits} fit into the "
        f"{positions} positions that the model knows. "
        + ("Shorten it." if forced else f"Ask for max_new_tokens={fits}."),
        fits,
    )
