"""One request → one analysis: generate, read out, detect stages, write the record."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from PIL import Image

from fretboard.catalogue import TOP_K, Derived
from fretboard.document import Analysis, Status, Token
from fretboard.errors import Cancelled
from fretboard.lens.embedding import Watch
from fretboard.lens.readout import Readout, read_out
from fretboard.model.checkpoint import Checkpoint
from fretboard.model.generation import Step, generate
from fretboard.model.inputs import build_inputs, image_positions
from fretboard.pipeline.derived import derive, make_lens
from fretboard.pipeline.maps import make_map
from fretboard.pipeline.patches import PatchReader
from fretboard.pipeline.reader import StreamingReader, to_tensor
from fretboard.pipeline.repairing import make_repair
from fretboard.repair import RepairKind, settled
from fretboard.request import check_layers
from fretboard.set_view import states_at
from fretboard.staging import staged
from fretboard.store.durable import ARRAYS, HIDDEN_STATES, AnalysisStore
from fretboard.vocabulary import Vocabulary

OnEvent = Callable[[dict[str, Any]], None]


@dataclass
class Pipeline:
    """One loaded model at work. One generation at a time: skips patch the model's modules."""

    checkpoint: Checkpoint
    store: AnalysisStore
    vocabulary: Vocabulary = field(init=False)
    patches: PatchReader = field(init=False)

    def __post_init__(self) -> None:
        self.vocabulary = Vocabulary(self.checkpoint.tokenizer_json)
        self.patches = PatchReader(self.checkpoint, self.store)

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
        repair = settled(request.repair, len(anatomy.layers))
        inputs = build_inputs(self.checkpoint, request.prompt, image, request.continuation)
        reader = StreamingReader(make_lens(anatomy, request.lens.base), anatomy.depths)

        def on_step(step: Step) -> bool:
            reader.take(step)
            on_event(self._token_event(step))
            return not cancelled()

        reason = generate(
            self.checkpoint,
            inputs,
            request.max_new_tokens,
            request.skip_layers,
            on_step,
            request.skip_when,
            make_repair(self.checkpoint, request, repair, inputs, image),
        )
        if reason == "cancelled":
            raise Cancelled("The analysis was cancelled. Run it again when you like.")
        readout, hidden, ids = reader.finish()
        facts = {
            "finish_reason": reason,
            "repair": repair if request.repair.kind is not RepairKind.NONE else None,
            "prompt_tokens": inputs.prompt_tokens,
            "image_positions": len(image_positions(self.checkpoint, inputs)),
            "timings": {"total": time.perf_counter() - started, "readout": reader.seconds},
        }
        finished = self._told(analysis.model_copy(update=facts), readout, ids)
        self._write(finished, hidden, readout)
        return finished

    def read_again(self, analysis: Analysis, sibling: Analysis) -> Analysis:
        """The answer of `sibling`, which differs in the lens alone, through this one's lens.

        Nothing is generated: all comes from the stored hidden states.
        """
        started = time.perf_counter()
        hidden = self.store.read_array(sibling.id, HIDDEN_STATES, HIDDEN_STATES)
        ids = [token.id for token in sibling.tokens]
        lens = make_lens(self.checkpoint.anatomy, analysis.request.lens.base)
        readout = read_out(lens, to_tensor(hidden), torch.tensor(ids), TOP_K)
        facts = {
            name: getattr(sibling, name)
            for name in ("finish_reason", "prompt_tokens", "image_positions", "repair")
        }
        spent = time.perf_counter() - started
        facts["timings"] = {"total": spent, "readout": spent}
        finished = self._told(analysis.model_copy(update=facts), readout, ids)
        self._write(finished, hidden, readout)
        return finished

    def _write(self, finished: Analysis, hidden: np.ndarray, readout: Readout) -> None:
        """The document last: a record that is done has its arrays."""
        self.store.write_arrays(finished.id, HIDDEN_STATES, {HIDDEN_STATES: hidden})
        self.store.write_arrays(finished.id, ARRAYS, readout.arrays())
        self.store.write(finished)

    def _told(self, analysis: Analysis, readout: Readout, ids: list[int]) -> Analysis:
        """The finished document, from the readout of the base lens."""
        told = analysis.model_copy(
            update={
                "status": Status.DONE,
                "error": None,
                "model": analysis.model.model_copy(update=self.facts()),
                "answer": self.checkpoint.tokenizer.decode(ids, skip_special_tokens=True).strip(),
                "tokens": self._tokens(readout, ids),
            }
        )
        return staged(told, readout.arrays(), self.vocabulary, analysis.request.lens.base)

    def facts(self) -> dict[str, Any]:
        """What only the loaded model tells for sure: a hub config may leave its shape out."""
        anatomy = self.checkpoint.anatomy
        return {
            "layers": len(anatomy.layers),
            "width": anatomy.width,
            "vocabulary": anatomy.vocabulary,
            "dtype": self.checkpoint.dtype,
        }

    def derive(
        self, analysis: Analysis, wanted: Derived, watch: Watch | None = None
    ) -> tuple[dict[str, np.ndarray], str]:
        """Arrays on demand, and a note on how they were made."""
        if wanted.runs_model:
            return self.patches.derive(analysis, wanted), ""
        hidden = self.store.read_array(analysis.id, HIDDEN_STATES, HIDDEN_STATES)
        if wanted.is_map:
            return make_map(hidden, wanted, watch or Watch())
        return derive(self.checkpoint.anatomy, analysis, hidden, wanted), ""

    def derive_set(
        self, members: list[tuple[Analysis, int]], wanted: Derived, watch: Watch | None = None
    ) -> tuple[dict[str, np.ndarray], str]:
        """The same of one token in each of several analyses: their joint map, their dispersion."""
        return make_map(states_at(self.store, members), wanted, watch or Watch())

    def _token_event(self, step: Step) -> dict[str, Any]:
        probability = float(step.logits.log_softmax(-1)[step.token_id].exp())
        return {
            "type": "token",
            "index": step.index,
            "id": step.token_id,
            "text": self.vocabulary.text(step.token_id),
            "probability": probability,
        }

    def _tokens(self, readout: Readout, ids: list[int]) -> list[Token]:
        return [
            Token(
                index=t,
                id=token_id,
                text=self.vocabulary.text(token_id),
                probability=float(readout.probability[-1, t]),
                log_probability=float(readout.log_probability[-1, t]),
                rank=int(readout.rank[-1, t]),
                entropy=float(readout.entropy[-1, t]),
            )
            for t, token_id in enumerate(ids)
        ]
