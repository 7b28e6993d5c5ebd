"""Request → analysis: the only place where model, lens and store meet."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from fretboard.document import (
    TOP_K,
    Analysis,
    Derived,
    Lens,
    Reversal,
    Stages,
    Status,
    Token,
)
from fretboard.errors import Cancelled, InputError
from fretboard.lens.projection import MapSettings, project
from fretboard.lens.readout import (
    LogitLens,
    Readout,
    concatenate,
    distribution,
    divergences,
    read_out,
    tokens_at_once,
)
from fretboard.lens.stages import StageReport, Thresholds, TokenStages, detect
from fretboard.model.checkpoint import Checkpoint
from fretboard.model.generation import Step, generate
from fretboard.model.inputs import build_inputs, image_positions
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
        inputs = build_inputs(self.checkpoint, request.prompt, image, request.continuation)
        reader = _StreamingReader(self._lens(request.lens), self.checkpoint.anatomy.depths)

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
        report = detect_stages(readout, request.lens)
        update = {
            "status": Status.DONE,
            "model": analysis.model.model_copy(update={"dtype": self.checkpoint.dtype}),
            "answer": self.checkpoint.tokenizer.decode(ids, skip_special_tokens=True).strip(),
            "finish_reason": reason,
            "prompt_tokens": inputs.prompt_tokens,
            "image_positions": len(image_positions(self.checkpoint, inputs)) if image else 0,
            "tokens": self._tokens(readout, report, ids),
            "stages": _stages(report),
            "timings": {
                "total": time.perf_counter() - started,
                "readout": reader.seconds,
            },
            "error": None,
        }
        finished = analysis.model_copy(update=update)
        self.store.write_arrays(analysis.id, HIDDEN_STATES, {HIDDEN_STATES: hidden})
        self.store.write_arrays(analysis.id, ARRAYS, readout.arrays())
        self.store.write(finished)
        return finished

    def derive(self, analysis: Analysis, wanted: Derived) -> tuple[dict[str, np.ndarray], str]:
        """Arrays on demand from the stored hidden states, and a note on how they were made."""
        hidden = self.store.read_array(analysis.id, HIDDEN_STATES, HIDDEN_STATES)
        if wanted.kind == "trajectory":
            return _trajectory(hidden, wanted.method)
        lens = self._lens(wanted.lens)
        states = _to_tensor(hidden).to(self._device)
        if wanted.kind == "divergence":
            return {"jsd": divergences(lens, states, wanted.divergence)}, ""
        if wanted.kind == "distribution":
            return {"log_probabilities": distribution(lens, states[:, wanted.token])}, ""
        ids = torch.tensor([token.id for token in analysis.tokens])
        return read_out(lens, states, ids, TOP_K).arrays(), ""

    @property
    def _device(self) -> torch.device:
        return next(self.checkpoint.anatomy.unembedding.parameters()).device

    def _lens(self, lens: Lens) -> LogitLens:
        anatomy = self.checkpoint.anatomy
        weight = next(anatomy.unembedding.parameters())
        return LogitLens(
            final_norm=lambda states: anatomy.final_norm(states).to(weight.device),
            unembed=lambda states: anatomy.tail(anatomy.unembedding(states.to(weight.device))),
            vocabulary=weight.shape[0],
            raw=lens == Lens.RAW,
        )

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


class _StreamingReader:
    """Reads tokens out in small groups while the model generates; keeps only hidden states."""

    def __init__(self, lens: LogitLens, depths: int) -> None:
        self._lens = lens
        self._group = min(tokens_at_once(depths, lens.vocabulary), 16)
        self._waiting: list[Step] = []
        self._readouts: list[Readout] = []
        self._hidden: list[Tensor] = []
        self._ids: list[int] = []
        self.seconds = 0.0

    def take(self, step: Step) -> None:
        """Add one token; a full group is read out at once."""
        self._ids.append(step.token_id)
        self._waiting.append(step)
        if len(self._waiting) >= self._group:
            self._read()

    def finish(self) -> tuple[Readout, np.ndarray, list[int]]:
        """(readout, hidden states (L+1, T, width) in the model's dtype, emitted ids)."""
        if self._waiting:
            self._read()
        if not self._readouts:
            raise InputError("The model gave no token. Ask for more new tokens.")
        return concatenate(self._readouts), _to_numpy(torch.cat(self._hidden, dim=1)), self._ids

    def _read(self) -> None:
        started = time.perf_counter()
        states = torch.stack([step.states for step in self._waiting], dim=1)
        emitted = torch.tensor([step.token_id for step in self._waiting])
        self._readouts.append(read_out(self._lens, states, emitted, TOP_K))
        self._hidden.append(states.cpu())
        self._waiting.clear()
        self.seconds += time.perf_counter() - started


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


def _trajectory(hidden: np.ndarray, method: str) -> tuple[dict[str, np.ndarray], str]:
    try:
        made = project(hidden.astype(np.float32), MapSettings(method=method))
    except ValueError as error:
        raise InputError(str(error)) from error
    used = made.settings
    settings = (
        f"t-SNE, perplexity {used.perplexity:.3g}, learning rate {used.learning_rate:g}, "
        f"{used.iterations} iterations, seed {used.seed}"
        if method == "tsne"
        else "PCA"
    )
    quality = (
        f"trustworthiness {made.trustworthiness:.2f}, continuity {made.continuity:.2f}, "
        f"10-nearest overlap {made.neighbour_overlap:.2f}"
    )
    return {"points": made.points}, f"{settings}; depth 0 dropped; {quality}"


def _to_numpy(states: Tensor) -> np.ndarray:
    """Same bits; numpy knows bfloat16 through ml_dtypes."""
    if states.dtype != torch.bfloat16:
        return states.numpy()
    import ml_dtypes

    return states.view(torch.uint16).numpy().view(ml_dtypes.bfloat16)


def _to_tensor(states: np.ndarray) -> Tensor:
    if states.dtype.name == "bfloat16":
        return torch.from_numpy(states.view(np.uint16).copy()).view(torch.bfloat16)
    return torch.from_numpy(states.copy())
