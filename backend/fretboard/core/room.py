"""Whether prompt and answer fit into a model's words and positions; asked by web and worker."""

from collections.abc import Iterable

from fretboard.core.chat_template import added_tokens
from fretboard.core.errors import InputError, TooLong
from fretboard.core.model_info import ServedModel, source_of
from fretboard.core.question import AnalysisRequest
from fretboard.core.vocabulary import Vocabulary


def check_texts(
    request: AnalysisRequest, served: ServedModel, vocabulary: Vocabulary, longest: int
) -> None:
    """What can be told without the model, before a request is accepted. Raises InputError.

    The prompt counts with its chat template where the checkpoint's folder is here; its image's
    positions the worker knows. longest: tokens of a continuation that are taken.
    """
    prompt, forced = vocabulary.ids(request.prompt), vocabulary.ids(request.continuation or "")
    if served.vocabulary:
        check_ids(prompt, served.vocabulary, vocabulary, "prompt")
        check_ids(forced, served.vocabulary, vocabulary, "continuation")
    new = len(forced) if request.continuation else request.max_new_tokens
    check_continuation(len(forced), longest)
    around = added_tokens(source_of(served.name), served.revision, vocabulary)
    check_answer(served.positions, len(prompt) + around, new, bool(request.continuation))


def check_ids(ids: Iterable[int], words: int, vocabulary: Vocabulary, where: str) -> None:
    """words: that the model knows; where: prompt or continuation. Raises InputError."""
    for token_id in ids:
        if token_id >= words:
            word = vocabulary.text(token_id).strip()
            raise InputError(
                f"The {where} holds {word!r}, which the tokenizer knows (id {token_id}) and the "
                f"model does not: it has {words} words. Leave it out."
            )


def check_continuation(tokens: int, longest: int) -> None:
    """Raises InputError."""
    if tokens > longest:
        raise InputError(
            f"The continuation has {tokens} tokens; at most {longest} are taken "
            "(FRETBOARD_MAX_NEW_TOKENS). Shorten it."
        )


def check_answer(positions: int, prompt: int, new: int, forced: bool) -> None:
    """All in tokens; positions 0: without a bound. Raises TooLong with the number that fits.

    forced: the answer is a continuation.
    """
    if not positions or prompt + new <= positions:
        return
    fits = max(0, positions - prompt)
    if not fits:
        raise TooLong(
            f"The prompt takes {prompt} tokens, and the model knows {positions} positions for "
            f"prompt and answer. Shorten it by at least {prompt - positions + 1} tokens.",
            max_new_tokens=fits,
        )
    what = f"The continuation has {new} tokens" if forced else f"max_new_tokens is {new}"
    remedy = "Shorten it." if forced else f"Ask for max_new_tokens={fits}."
    raise TooLong(
        f"{what}; with this prompt of {prompt} tokens {fits} fit into the {positions} positions "
        f"that the model knows. {remedy}",
        max_new_tokens=fits,
    )
