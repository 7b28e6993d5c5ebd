"""Greedy decoding with capture: one Step per emitted token, while the model runs.

Hidden states are taken with hooks at the last position only; `output_hidden_states` would keep
the whole prompt at every depth, and its last entry is already normed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from transformers import LogitsProcessor, StoppingCriteria

from fretboard.errors import InputError, UnsupportedModel
from fretboard.model.anatomy import Anatomy, generator
from fretboard.model.capture import Capture
from fretboard.model.checkpoint import Checkpoint
from fretboard.model.inputs import Inputs
from fretboard.model.interventions import (
    check_skippable,
    listed,
    skip_layers,
    skipping_cache,
)
from fretboard.model.repairs import Plain, Position
from fretboard.request import SkipWhen

FinishReason = Literal["stop", "length", "forced", "cancelled"]


@dataclass(frozen=True)
class Step:
    """One emitted token and what predicted it.

    states: (L+1, width), pre-norm, at the position that predicts the token, in the model's dtype.
    logits: (V,) float32, the model's own for this position.
    """

    index: int
    token_id: int
    states: Tensor
    logits: Tensor


def generate(
    checkpoint: Checkpoint,
    inputs: Inputs,
    max_new_tokens: int,
    skipped: Sequence[int],
    on_step: Callable[[Step], bool],
    when: SkipWhen = SkipWhen.ALWAYS,
    repair: Plain | None = None,
) -> FinishReason:
    """Decode greedily (or along `inputs.forced`), calling `on_step` for each emitted token.

    `on_step` returns False to stop; `when` says at which positions `skipped` are left out;
    `repair` gives the logits that tokens are chosen by, a step's own stay the model's.
    Returns why decoding ended. Raises InputError, before the first token, where the model cannot
    do without a skipped layer.
    """
    check_skippable(checkpoint.model, skipped)
    forced, repair = inputs.forced, repair or Plain()
    conductor = _Conductor(checkpoint.anatomy, forced, repair, on_step)
    length = len(forced) if forced else max_new_tokens
    with (
        conductor.telling(skipped),
        skip_layers(checkpoint.anatomy, skipped, when),
        repair.hooked(),
        conductor.capture(),
        torch.inference_mode(),
    ):
        tensors = repair.rows(inputs).tensors
        generator(checkpoint.model, "pixel_values" in tensors)(
            **tensors,
            **(skipping_cache(checkpoint.model, checkpoint.anatomy, skipped) if skipped else {}),
            max_new_tokens=length,
            logits_processor=[conductor.processor],
            stopping_criteria=[conductor.criterion],
        )
    return conductor.finish_reason(checkpoint.end_ids)


class _Conductor:
    """Ties the parts of one decoding step: the model's logits, the forced token, the capture."""

    def __init__(
        self,
        anatomy: Anatomy,
        forced: Sequence[int] | None,
        repair: Plain,
        on_step: Callable[[Step], bool],
    ) -> None:
        self._capture = Capture(anatomy)
        self._forced = forced
        self._repair = repair
        self._on_step = on_step
        self._emitted_ids: list[int] = []
        self._position: Position | None = None
        self._cancelled = False
        self.processor = _Processor(self._predicted)
        self.criterion = _Criterion(self._emitted)
        self.capture = self._capture.hooked

    def _predicted(self, scores: Tensor) -> Tensor:
        """The scores to choose by: one row for all, so that a repair's rows stay in step."""
        if self._cancelled:  # some devices decode one step past a stop
            return scores
        logits = scores.float()
        self._position = Position(
            self._capture.take(),
            logits[0],
            tuple(self._emitted_ids),
            logits[1] if len(logits) > 1 else None,
        )
        if self._forced is None:
            chosen = self._repair.logits(self._position)
            self._capture.forget()  # of what a repair asked the model besides
        else:
            chosen = torch.full_like(logits[0], -torch.inf)
            chosen[self._forced[len(self._emitted_ids)]] = 0.0
        return chosen.to(scores).expand_as(scores)

    def _emitted(self, input_ids: Tensor) -> bool:
        if self._cancelled:
            return True
        if self._position is None:
            raise UnsupportedModel(
                "This family's generate() emitted a token without asking the logits processors it "
                "was given, so the model's own logits cannot be read."
            )
        token, position = int(input_ids[0, -1]), self._position
        step = Step(len(self._emitted_ids), token, position.states, position.logits)
        self._emitted_ids.append(token)
        self._cancelled = not self._on_step(step)
        return self._cancelled

    @contextmanager
    def telling(self, skipped: Sequence[int]) -> Iterator[None]:
        """Inside: an architecture that fails for want of a layer, before any token, says so."""
        try:
            yield
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            if not skipped or self._emitted_ids:
                raise
            raise InputError(
                f"This model does not run with {listed(skipped)} skipped "
                f"({type(error).__name__}: {error}). Choose others."
            ) from error

    def finish_reason(self, ends: frozenset[int]) -> FinishReason:
        if self._cancelled:
            return "cancelled"
        if self._forced is not None:
            return "forced"
        return "stop" if self._emitted_ids and self._emitted_ids[-1] in ends else "length"


class _Processor(LogitsProcessor):
    def __init__(self, predicted: Callable[[Tensor], Tensor]) -> None:
        self._predicted = predicted

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        return self._predicted(scores)


class _Criterion(StoppingCriteria):
    def __init__(self, emitted: Callable[[Tensor], bool]) -> None:
        self._emitted = emitted

    def __call__(self, input_ids: Tensor, scores: Any, **kwargs: Any) -> Tensor:
        return torch.full((input_ids.shape[0],), self._emitted(input_ids), device=input_ids.device)
