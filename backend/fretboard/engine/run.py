"""One analysis while it is decoded, alone or beside others in a batch."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image

from fretboard.core.analysis import Analysis
from fretboard.core.errors import Cancelled
from fretboard.core.question import AnalysisRequest, check_layers
from fretboard.core.repair import RepairKind, settled
from fretboard.engine.repair import make_repair
from fretboard.engine.stream import StreamingReader
from fretboard.lens.readout import VocabularyLens
from fretboard.model.checkpoint import Checkpoint
from fretboard.model.generation import Answer, FinishReason, Step
from fretboard.model.inputs import build_inputs, compatible, image_positions
from fretboard.model.limits import check_room
from fretboard.model.self_test import takes_padding
from fretboard.model.steer import StateChanges

OnEvent = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Job:
    """An analysis to be computed: its image, who hears of its tokens, who may call it off."""

    analysis: Analysis
    image: Image.Image | None
    on_event: OnEvent = lambda _event: None
    cancelled: Callable[[], bool] = lambda: False


class Run:
    """Inputs, reader and repair of a job. Raises InputError for what only the model can tell."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        lens: VocabularyLens,
        text: Callable[[int], str],
        job: Job,
        longest: int,
        changes: StateChanges | None = None,
    ) -> None:
        """lens: it is read out with; `text`: of a token id; longest: tokens of a continuation
        that are taken; changes: what is done to the states."""
        self.job, self.changes, self._checkpoint = job, changes, checkpoint
        self.ended = False
        self._text, self._started = text, time.perf_counter()
        request, anatomy = job.analysis.request, checkpoint.anatomy
        check_layers(request.skip_layers, len(anatomy.layers))
        self._repair = settled(request.repair, len(anatomy.layers))
        self.inputs = build_inputs(checkpoint, request.prompt, job.image, request.continuation)
        forced = self.inputs.forced
        new = len(forced) if forced else request.max_new_tokens
        check_room(checkpoint, self.inputs.prompt_tokens, new, forced is not None, longest)
        self.reader = StreamingReader(lens, anatomy.depths)
        self._decoding = make_repair(checkpoint, request, self._repair, self.inputs, job.image)
        self._image_positions = len(image_positions(checkpoint, self.inputs))

    def answer(self, on_end: Callable[["Run", FinishReason], None]) -> Answer:
        """What `generate_together` takes."""

        def end(reason: FinishReason) -> None:
            self.ended = True
            on_end(self, reason)

        length = self.job.analysis.request.max_new_tokens
        return Answer(self.inputs, length, self._step, self._decoding, end)

    def facts(self, reason: FinishReason) -> dict[str, Any]:
        """What the document tells of the decoding. Raises Cancelled."""
        if reason == "cancelled":
            raise Cancelled("The analysis was cancelled. Run it again when you like.")
        spent = time.perf_counter() - self._started
        return {
            "finish_reason": reason,
            "repair": self._repair if self._repair.kind is not RepairKind.NONE else None,
            "prompt_tokens": self.inputs.prompt_tokens,
            "image_positions": self._image_positions,
            "timings": {"total": spent, "readout": self.reader.seconds},
        }

    def goes_with(self, other: "Run") -> bool:
        """Whether both can be decoded in one batch: the model as it is, or changed alike."""
        mine, theirs = self.job.analysis.request, other.job.analysis.request
        plain = mine.repair.kind is theirs.repair.kind is RepairKind.NONE
        alike = _changes(mine) == _changes(theirs)
        if not (plain and alike and compatible(self.inputs, other.inputs)):
            return False
        lengths = self.inputs.prompt_tokens, other.inputs.prompt_tokens
        return lengths[0] == lengths[1] or takes_padding(self._checkpoint)

    def _step(self, step: Step) -> bool:
        self.reader.take(step)
        self.job.on_event(
            {
                "type": "token",
                "index": step.index,
                "id": step.token_id,
                "text": self._text(step.token_id),
                "probability": float(torch.softmax(step.logits, -1)[step.token_id]),
            }
        )
        return not self.job.cancelled()


def _changes(request: AnalysisRequest) -> tuple[object, ...]:
    """What is done to the model while it decodes."""
    return request.skip_layers, request.skip_when, request.steering


def batches(runs: Iterable[Run]) -> list[list[Run]]:
    """Runs that go together, in the order they came."""
    grouped: list[list[Run]] = []
    for run in runs:
        fitting = next((batch for batch in grouped if batch[0].goes_with(run)), None)
        if fitting is None:
            grouped.append([run])
        else:
            fitting.append(run)
    return grouped
