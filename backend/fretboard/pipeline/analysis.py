"""One request → one analysis: generate, read out, detect stages, write the record."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from fretboard.catalogue import Derived
from fretboard.document import Analysis, Lens, Reversal, Stages, Status, Token, check_layers
from fretboard.errors import Cancelled
from fretboard.lens.readout import Readout
from fretboard.lens.stages import StageReport, Thresholds, TokenStages, detect
from fretboard.model.checkpoint import Checkpoint
from fretboard.model.generation import Step, generate
from fretboard.model.inputs import build_inputs, image_positions
from fretboard.pipeline.derived import derive, make_lens
from fretboard.pipeline.reader import StreamingReader
from fretboard.store.durable import ARRAYS, HIDDEN_STATES, AnalysisStore
from fretboard.vocabulary import Vocabulary

OnEvent = Callable[[dict[str, Any]], None]


@dataclass
class Pipeline:
    """One loaded model at work. One generation at a time: skips patch the model's modules."""

    checkpoint: Checkpoint
    store: AnalysisStore
    vocabulary: Vocabulary = field(init=False)

    def __post_init__(self) -> None:
        self.vocabulary = Vocabulary(self.checkpoint.tokenizer_json)

    def analyse(
        self,
        analysis: Analysis,
        image: Image.Image | None,
        on_event: OnEvent,
        cancelled: Callable[[], bool],
    ) -> Analysis:
        """Generate, read out, detect stages, write the record; returns the finished document.

        Raises Cancelled, or InputError for what only the model can tell (a text-only model).
        """
        started = time.perf_counter()
        request = analysis.request
        anatomy = self.checkpoint.anatomy
        check_layers(request.skip_layers, len(anatomy.layers))
        inputs = build_inputs(self.checkpoint, request.prompt, image, request.continuation)
        reader = StreamingReader(make_lens(anatomy, request.lens), anatomy.depths)

        def on_step(step: Step) -> bool:
            reader.take(step)
            on_event(self._token_event(step))
            return not cancelled()

        reason = generate(
            self.checkpoint, inputs, request.max_new_tokens, request.skip_layers, on_step
        )
        if reason == "cancelled":
            raise Cancelled("The analysis was cancelled. Run it again when you like.")
        readout, hidden, ids = reader.finish()
        facts = {
            "finish_reason": reason,
            "prompt_tokens": inputs.prompt_tokens,
            "image_positions": len(image_positions(self.checkpoint, inputs)),
            "timings": {"total": time.perf_counter() - started, "readout": reader.seconds},
        }
        finished = analysis.model_copy(update=facts | self._told(analysis, readout, ids))
        self.store.write_arrays(analysis.id, HIDDEN_STATES, {HIDDEN_STATES: hidden})
        self.store.write_arrays(analysis.id, ARRAYS, readout.arrays())
        self.store.write(finished)
        return finished

    def _told(self, analysis: Analysis, readout: Readout, ids: list[int]) -> dict[str, Any]:
        """The document's fields that come from the readout."""
        report = detect_stages(readout, analysis.request.lens)
        return {
            "status": Status.DONE,
            "error": None,
            "model": analysis.model.model_copy(update=self.facts()),
            "answer": self.checkpoint.tokenizer.decode(ids, skip_special_tokens=True).strip(),
            "tokens": self._tokens(readout, report, ids),
            "stages": _stages(report),
        }

    def facts(self) -> dict[str, Any]:
        """What only the loaded model tells for sure: a hub config may leave its shape out."""
        anatomy = self.checkpoint.anatomy
        return {
            "layers": len(anatomy.layers),
            "width": anatomy.width,
            "vocabulary": anatomy.vocabulary,
            "dtype": self.checkpoint.dtype,
        }

    def derive(self, analysis: Analysis, wanted: Derived) -> tuple[dict[str, np.ndarray], str]:
        """Arrays on demand, and a note on how they were made."""
        hidden = self.store.read_array(analysis.id, HIDDEN_STATES, HIDDEN_STATES)
        return derive(self.checkpoint.anatomy, analysis, hidden, wanted)

    def _token_event(self, step: Step) -> dict[str, Any]:
        probability = float(step.logits.log_softmax(-1)[step.token_id].exp())
        return {
            "type": "token",
            "index": step.index,
            "id": step.token_id,
            "text": self.vocabulary.text(step.token_id),
            "probability": probability,
        }

    def _tokens(self, readout: Readout, report: StageReport, ids: list[int]) -> list[Token]:
        return [
            Token(
                index=t,
                id=token_id,
                text=self.vocabulary.text(token_id),
                probability=float(readout.probability[-1, t]),
                log_probability=float(readout.log_probability[-1, t]),
                rank=int(readout.rank[-1, t]),
                entropy=float(readout.entropy[-1, t]),
                token_class=report.tokens[t].token_class,
                emergence=report.tokens[t].emergence,
                mutation_depth=report.tokens[t].mutation_depth,
                reversal=self._reversal(report.tokens[t]),
            )
            for t, token_id in enumerate(ids)
        ]

    def _reversal(self, stages: TokenStages) -> Reversal | None:
        if stages.reversal is None:
            return None
        text = self.vocabulary.text(stages.reversal.rival_id)
        return Reversal(rival_text=text, **vars(stages.reversal))


def detect_stages(readout: Readout, lens: Lens) -> StageReport:
    """Stages of a readout with the default thresholds."""
    return detect(
        readout.jsd,
        readout.probability,
        readout.rank,
        readout.top_ids[..., 0],
        Thresholds(),
        mixed_last_pair=lens == Lens.RAW,
    )


def _stages(report: StageReport) -> Stages:
    return Stages(
        method="automatic",
        critical_depth=report.critical_depth,
        critical_interval=report.critical_interval,
        probability_depth=report.probability_depth,
        thresholds=Thresholds().as_dict(),
    )
