"""An analysis of hidden states that another tool saved, read through this model's own lens."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch

from fretboard.core.analysis import Analysis
from fretboard.core.errors import InputError
from fretboard.core.question import Question
from fretboard.engine.saved_states import SavedStates, read_states
from fretboard.engine.session import Session
from fretboard.model.anatomy import Anatomy

UNTITLED = "(hidden states without their prompt)"
NORMED = 0.02  # from 1, of every position's size: what has been through a norm


def import_states(
    session: Session, path: Path, answer_from: int, token_ids: Sequence[int] | None = None
) -> Analysis:
    """A finished analysis of the answer, kept in the session's store; the same again is the same.

    answer_from: position of the answer's first token; the state before it predicted it. token_ids:
    of all positions, where the file has none. Nothing is generated. Raises InputError where file,
    tokens and model do not go together.
    """
    checkpoint = session.pipeline.checkpoint
    anatomy = checkpoint.anatomy
    saved = read_states(path, anatomy.depths, anatomy.width)
    ids = _checked(saved, token_ids, answer_from, anatomy.vocabulary, path.name)
    _refuse_normed(anatomy, saved.states[-1], path.name)
    states = saved.states[:, answer_from - 1 : -1].contiguous()
    prompt = checkpoint.tokenizer.decode(ids[:answer_from]).strip() or UNTITLED
    digest = hashlib.sha256(states.numpy().tobytes() + repr(ids).encode()).hexdigest()
    longest = session.settings.max_prompt_characters
    question = Question(prompt=prompt[:longest], salt=digest[:32])
    analysis, _ = session.prepare(question)
    if (known := session.store.finished(analysis.id)) is not None:
        return known
    facts = {"finish_reason": "forced", "prompt_tokens": answer_from}
    session.store.make_way(analysis.id)
    draft = analysis.model_copy(update=facts)
    return session.pipeline.read_states(draft, states.numpy(), ids[answer_from:])


def _checked(
    saved: SavedStates, token_ids: Sequence[int] | None, start: int, vocabulary: int, name: str
) -> list[int]:
    ids = list(token_ids) if token_ids is not None else saved.token_ids
    positions = saved.states.shape[1]
    if ids is None:
        raise InputError(f"{name} holds no `token_ids`: give those of its {positions} positions.")
    if len(ids) != positions:
        raise InputError(f"There are {len(ids)} tokens and {positions} positions in {name}.")
    if not 1 <= start < positions:
        raise InputError(f"answer_from is {start}; choose 1 to {positions - 1}.")
    unknown = [number for number in ids if not 0 <= number < vocabulary]
    if unknown:
        raise InputError(f"Token {unknown[0]} is not one of the model's {vocabulary}.")
    if not bool(torch.isfinite(saved.states).all()):
        raise InputError(f"{name} holds numbers that are NaN or infinite.")
    return ids


def _refuse_normed(anatomy: Anatomy, last: torch.Tensor, name: str) -> None:
    """transformers' `hidden_states[-1]` has been through the final norm, others' has not."""
    weight = getattr(anatomy.final_norm, "weight", None)
    if weight is None:
        return
    bias = getattr(anatomy.final_norm, "bias", None)
    plain = last - bias.detach().float().cpu() if bias is not None else last
    size = (plain / weight.detach().float().cpu()).pow(2).mean(dim=-1).sqrt()
    if bool(((size - 1).abs() < NORMED).all()):
        raise InputError(
            f"The last depth of {name} has been through the final norm, as transformers' "
            "`hidden_states[-1]` has: save the last block's own output in its place."
        )
