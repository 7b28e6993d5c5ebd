"""Greedy decoding with capture: one Step per emitted token, while the model runs.

Hidden states are taken with hooks at the last position only; `output_hidden_states` would keep
the whole prompt at every depth, and its last entry is already normed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Literal

import torch
from torch import Tensor
from transformers import LogitsProcessor, StoppingCriteria

from fretboard.core.errors import InputError, UnsupportedModel
from fretboard.core.question import SkipWhen
from fretboard.model.anatomy import generator
from fretboard.model.capture import Capture
from fretboard.model.checkpoint import Checkpoint
from fretboard.model.inputs import Inputs, side_by_side
from fretboard.model.interventions import check_skippable, listed, skip_layers, skipping_cache
from fretboard.model.numbers import check_numbers
from fretboard.model.repairs.plain import Plain, Position
from fretboard.model.steer import StateChanges, steered

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


@dataclass(frozen=True)
class Answer:
    """One answer to decode: greedily, or along `inputs.forced`.

    on_step: called for each emitted token; returns False to stop this answer. repair: gives the
    logits that tokens are chosen by; a step's own stay the model's. on_end: told once why it ended,
    while others of its batch may go on.
    """

    inputs: Inputs
    max_new_tokens: int
    on_step: Callable[[Step], bool]
    repair: Plain = field(default_factory=Plain)
    on_end: Callable[[FinishReason], None] = lambda _reason: None

    @property
    def length(self) -> int:
        """The most tokens that it can have."""
        return len(self.inputs.forced) if self.inputs.forced else self.max_new_tokens


def generate(
    checkpoint: Checkpoint,
    inputs: Inputs,
    max_new_tokens: int,
    skipped: Sequence[int],
    on_step: Callable[[Step], bool],
    when: SkipWhen = SkipWhen.ALWAYS,
    repair: Plain | None = None,
    changes: StateChanges | None = None,
) -> FinishReason:
    """`generate_together` of one answer; returns why it ended."""
    answer = Answer(inputs, max_new_tokens, on_step, repair or Plain())
    return generate_together(checkpoint, [answer], skipped, when, changes)[0]


def generate_together(
    checkpoint: Checkpoint,
    answers: Sequence[Answer],
    skipped: Sequence[int] = (),
    when: SkipWhen = SkipWhen.ALWAYS,
    changes: StateChanges | None = None,
) -> list[FinishReason]:
    """Decode answers in one batch, each as if it were alone; returns why each ended.

    Their inputs must be `compatible`, their repairs the same where they change the model. `when`
    says at which positions `skipped` are left out; the states captured are those after `changes`.
    Raises InputError, before the first token, where the model cannot do without a skipped layer.
    """
    check_skippable(checkpoint.model, skipped)
    rows = [answer.repair.rows(answer.inputs) for answer in answers]
    tensors = side_by_side(checkpoint, rows)
    conductor = _Conductor(checkpoint, answers, [answer_rows.rows for answer_rows in rows])
    with (
        conductor.telling(skipped),
        skip_layers(checkpoint.anatomy, skipped, when),
        answers[0].repair.hooked(),
        steered(checkpoint.anatomy, changes, tensors),
        conductor.capture(),
        torch.inference_mode(),
    ):
        generator(checkpoint.model, tensors)(
            **tensors,
            **(skipping_cache(checkpoint.model, checkpoint.anatomy, skipped) if skipped else {}),
            max_new_tokens=max(answer.length for answer in answers),
            logits_processor=[conductor.processor],
            stopping_criteria=[conductor.criterion],
        )
    return [voice.finish_reason for voice in conductor.voices]


class _Conductor:
    """Ties the parts of one decoding step for all rows: the model's logits, capture, answers."""

    def __init__(
        self, checkpoint: Checkpoint, answers: Sequence[Answer], rows: Sequence[int]
    ) -> None:
        ends = list(accumulate(rows))
        self._capture = Capture(checkpoint.anatomy)
        self.voices = [
            _Voice(answer, slice(end - count, end), checkpoint.end_ids)
            for answer, count, end in zip(answers, rows, ends, strict=True)
        ]
        self.processor = _Processor(self._predicted)
        self.criterion = _Criterion(self._emitted)
        self.capture = self._capture.hooked

    def _predicted(self, scores: Tensor) -> Tensor:
        """The scores to choose by, the same for all rows of an answer so that they stay in step."""
        states, logits, chosen = self._capture.take(), scores.float(), scores.clone()
        for voice in self.voices:
            if not voice.ended:
                chosen[voice.rows] = voice.predicted(states, logits).to(scores)
        self._capture.forget()  # of what a repair asked the model besides
        return chosen

    def _emitted(self, input_ids: Tensor) -> Tensor:
        ended = torch.ones(len(input_ids), dtype=torch.bool, device=input_ids.device)
        for voice in self.voices:
            ended[voice.rows] = voice.emitted(int(input_ids[voice.rows.start, -1]))
        return ended

    @contextmanager
    def telling(self, skipped: Sequence[int]) -> Iterator[None]:
        """Inside: an architecture that fails for want of a layer, before any token, says so."""
        try:
            yield
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            if not skipped or any(voice.begun for voice in self.voices):
                raise
            raise InputError(
                f"This model does not run with {listed(skipped)} skipped "
                f"({type(error).__name__}: {error}). Choose others."
            ) from error


class _Voice:
    """One answer as it is decoded, in its rows of the batch (the first is the answer's own)."""

    def __init__(self, answer: Answer, rows: slice, ends: frozenset[int]) -> None:
        self.rows = rows
        self._answer, self._ends = answer, ends
        self._emitted_ids: list[int] = []
        self._position: Position | None = None
        self._cancelled = False

    @property
    def begun(self) -> bool:
        """Whether a token was emitted."""
        return bool(self._emitted_ids)

    @property
    def ended(self) -> bool:
        """Whether the answer is complete or called off; the batch may go on without it."""
        said = self._emitted_ids
        full = len(said) >= self._answer.length
        return self._cancelled or full or (self.begun and said[-1] in self._ends)

    def predicted(self, states: Tensor, logits: Tensor) -> Tensor:
        """(V,) to choose by, from (L+1, rows, width) and (rows, V) of the whole batch.

        Raises NoNumbers.
        """
        own = logits[self.rows]
        said = tuple(self._emitted_ids)
        check_numbers(len(said), states[:, self.rows.start], own[0])
        contrast = own[1] if len(own) > 1 else None
        self._position = Position(states[:, self.rows.start], own[0], said, contrast)
        forced = self._answer.inputs.forced
        if forced is None:
            return self._answer.repair.logits(self._position)
        chosen = torch.full_like(own[0], -torch.inf)
        chosen[forced[len(said)]] = 0.0
        return chosen

    def emitted(self, token: int) -> bool:
        """Takes the token up, unless the answer had ended before; returns whether it has now."""
        if self.ended:
            return True
        if self._position is None:
            raise UnsupportedModel(
                "This family's generate() emitted a token without asking the logits processors it "
                "was given, so the model's own logits cannot be read."
            )
        position = self._position
        step = Step(len(self._emitted_ids), token, position.states, position.logits)
        self._emitted_ids.append(token)
        self._cancelled = not self._answer.on_step(step)
        if self.ended:
            self._answer.on_end(self.finish_reason)
        return self.ended

    @property
    def finish_reason(self) -> FinishReason:
        """Why it ended."""
        if self._cancelled:
            return "cancelled"
        if self._answer.inputs.forced is not None:
            return "forced"
        return "stop" if self.begun and self._emitted_ids[-1] in self._ends else "length"


class _Processor(LogitsProcessor):
    def __init__(self, predicted: Callable[[Tensor], Tensor]) -> None:
        self._predicted = predicted

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        return self._predicted(scores)


class _Criterion(StoppingCriteria):
    def __init__(self, emitted: Callable[[Tensor], Tensor]) -> None:
        self._emitted = emitted

    def __call__(self, input_ids: Tensor, scores: Any, **kwargs: Any) -> Tensor:
        return self._emitted(input_ids)
