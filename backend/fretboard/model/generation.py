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
) -> FinishReason:
    """Decode greedily (or along `inputs.forced`), calling `on_step` for each emitted token.

    `on_step` returns False to stop; `when` says at which positions `skipped` are left out.
    Returns why decoding ended. Raises InputError, before the first token, where the model cannot
    do without a skipped layer.
    """
    check_skippable(checkpoint.model, skipped)
    forced = inputs.forced
    conductor = _Conductor(checkpoint.anatomy, forced, on_step)
    length = len(forced) if forced else max_new_tokens
    with (
        conductor.telling(skipped),
        skip_layers(checkpoint.anatomy, skipped, when),
        conductor.capture(),
        torch.inference_mode(),
    ):
        generator(checkpoint.model, "pixel_values" in inputs.tensors)(
            **inputs.tensors,
            **(skipping_cache(checkpoint.model, checkpoint.anatomy, skipped) if skipped else {}),
            max_new_tokens=length,
            logits_processor=[conductor.processor],
            stopping_criteria=[conductor.criterion],
        )
    return conductor.finish_reason(checkpoint.end_ids)


class _Conductor:
    """Ties the parts of one decoding step: the model's logits, the forced token, the capture."""

    def __init__(
        self, anatomy: Anatomy, forced: Sequence[int] | None, on_step: Callable[[Step], bool]
    ) -> None:
        self._capture = Capture(anatomy)
        self._forced = forced
        self._on_step = on_step
        self._index = 0
        self._logits: Tensor | None = None
        self._last_token: int | None = None
        self._cancelled = False
        self.processor = _Processor(self._predicted)
        self.criterion = _Criterion(self._emitted)
        self.capture = self._capture.hooked

    def _predicted(self, scores: Tensor) -> Tensor:
        self._logits = scores[0].float()
        if self._forced is None:
            return scores
        only = torch.full_like(scores, -torch.inf)
        only[:, self._forced[self._index]] = 0.0
        return only

    def _emitted(self, input_ids: Tensor) -> bool:
        if self._cancelled:  # some devices decode one step past a stop
            return True
        if self._logits is None:
            raise UnsupportedModel(
                "This family's generate() emitted a token without asking the logits processors it "
                "was given, so the model's own logits cannot be read."
            )
        self._last_token = int(input_ids[0, -1])
        step = Step(self._index, self._last_token, self._capture.take(), self._logits)
        self._index += 1
        self._cancelled = not self._on_step(step)
        return self._cancelled

    @contextmanager
    def telling(self, skipped: Sequence[int]) -> Iterator[None]:
        """Inside: an architecture that fails for want of a layer, before any token, says so."""
        try:
            yield
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            if not skipped or self._index:
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
        return "stop" if self._last_token in ends else "length"


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
