"""One request → one analysis: generate, read out, detect stages, write the record."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from fretboard.analysis.stages import staged
from fretboard.core.analysis import Analysis, Status, Token
from fretboard.core.arrays import TOP_K
from fretboard.core.fitted_lens import Span
from fretboard.core.question import AnalysisRequest
from fretboard.core.reading import Lens
from fretboard.core.vocabulary import Vocabulary
from fretboard.engine.derive import make_lens
from fretboard.engine.fitted import FittedLenses
from fretboard.engine.run import Job, Run, batches
from fretboard.engine.steer import ConceptDirections
from fretboard.engine.stream import to_tensor
from fretboard.lens.readout import Readout, VocabularyLens, read_out
from fretboard.model import memory
from fretboard.model.checkpoint import Checkpoint
from fretboard.model.generation import FinishReason, generate_together
from fretboard.model.refusals import run_failure
from fretboard.model.steer import StateChanges
from fretboard.store.analyses import HIDDEN_STATES, AnalysisStore

OnOutcome = Callable[[Job, Analysis | Exception], None]
log = logging.getLogger(__name__)


@dataclass
class Pipeline:
    """One loaded model at work. One generation at a time: skips patch the model's modules."""

    checkpoint: Checkpoint
    store: AnalysisStore
    lenses: FittedLenses
    longest: int = 1024
    """Tokens of a continuation that are taken: FRETBOARD_MAX_NEW_TOKENS."""
    vocabulary: Vocabulary = field(init=False)

    def __post_init__(self) -> None:
        self.vocabulary = Vocabulary(self.checkpoint.tokenizer_json)

    def lens(self, lens: Lens, span: Span = Span.PROMPT) -> VocabularyLens:
        """One that reads states at `span`. Raises InputError where it is to be fitted first."""
        return make_lens(self.checkpoint.anatomy, lens, self.lenses, span)

    def changes(self, request: AnalysisRequest) -> StateChanges | None:
        """What its steering does to the states. Raises InputError for what the model lacks."""
        anatomy = self.checkpoint.anatomy
        concepts = ConceptDirections(anatomy, self.lenses, self.vocabulary, self.store)
        return concepts.changes(request.steering)

    def analyse(self, job: Job) -> Analysis:
        """Generate, read out, detect stages, write the record; returns the finished document.

        Raises Cancelled, or InputError for what only the model can tell (a text-only model).
        """
        outcomes: list[Analysis | Exception] = []
        self.analyse_together([job], lambda _job, outcome: outcomes.append(outcome))
        if isinstance(outcomes[0], Exception):
            raise outcomes[0]
        return outcomes[0]

    def analyse_together(self, jobs: Sequence[Job], tell: OnOutcome) -> None:
        """The same of several, in one decoding batch where their inputs allow it.

        `tell` is called once a job, as soon as that one has ended: with its document or its error.
        """
        batched = batches(self._runs(jobs, tell))
        while batched:
            self._decode(batched.pop(0), tell)

    def _runs(self, jobs: Sequence[Job], tell: OnOutcome) -> Iterator[Run]:
        for job in jobs:
            try:
                lens = self.lens(job.analysis.request.lens.base)
                changes = self.changes(job.analysis.request)
                yield Run(self.checkpoint, lens, self.vocabulary.text, job, self.longest, changes)
            except Exception as error:
                tell(job, run_failure(error, job.analysis.id))

    def _decode(self, batch: list[Run], tell: OnOutcome) -> None:
        def ended(run: Run, reason: FinishReason) -> None:
            tell(run.job, self._outcome(run, reason))

        failure = self._generate(batch, ended)
        if failure is None:
            return
        left = [run.job for run in batch if not run.ended]
        alone = len(batch) == 1
        batch.clear()  # with the runs their captured states go
        memory.give_back()
        if alone:
            tell(left[0], failure)
            return
        # One may have spoiled it for all, or the batch was too large for the device.
        log.warning("a batch failed (%s); each of the %d left is run alone", failure, len(left))
        for job in left:
            self.analyse_together([job], tell)

    def _generate(
        self, batch: list[Run], ended: Callable[[Run, FinishReason], None]
    ) -> Exception | None:
        """Decode the batch; a failure is returned without the frames that hold its memory."""
        request = batch[0].job.analysis.request
        answers = [run.answer(ended) for run in batch]
        try:
            skips = request.skip_layers, request.skip_when
            generate_together(self.checkpoint, answers, *skips, batch[0].changes)
        except Exception as error:
            if all(run.ended for run in batch):
                raise
            return run_failure(error, batch[0].job.analysis.id).with_traceback(None)
        return None

    def _outcome(self, run: Run, reason: FinishReason) -> Analysis | Exception:
        try:
            facts = run.facts(reason)
            readout, hidden, ids = run.reader.finish()
            finished = self._answered(run.job.analysis.model_copy(update=facts), readout, ids)
            self.store.write_finished(finished, hidden, readout.arrays())
        except Exception as error:
            return run_failure(error, run.job.analysis.id)
        return finished

    def read_again(self, analysis: Analysis, sibling: Analysis) -> Analysis:
        """The answer of `sibling`, which differs in the lens alone, through this one's lens.

        Nothing is generated: all comes from the stored hidden states.
        """
        facts = {
            name: getattr(sibling, name)
            for name in ("finish_reason", "prompt_tokens", "image_positions", "repair")
        }
        ids = [token.id for token in sibling.tokens]
        hidden = self.store.read_sound(sibling, HIDDEN_STATES)
        return self.read_states(analysis.model_copy(update=facts), hidden, ids)

    def read_states(self, analysis: Analysis, hidden: np.ndarray, ids: list[int]) -> Analysis:
        """The finished analysis of (L+1, T, width) states that predicted the T tokens `ids`."""
        started = time.perf_counter()
        lens = self.lens(analysis.request.lens.base)
        readout = read_out(lens, to_tensor(hidden), torch.tensor(ids), TOP_K)
        spent = time.perf_counter() - started
        timed = analysis.model_copy(update={"timings": {"total": spent, "readout": spent}})
        finished = self._answered(timed, readout, ids)
        self.store.write_finished(finished, hidden, readout.arrays())
        return finished

    def _answered(self, analysis: Analysis, readout: Readout, ids: list[int]) -> Analysis:
        """The finished document, from the readout of the base lens."""
        answered = analysis.model_copy(
            update={
                "status": Status.DONE,
                "error": None,
                "model": analysis.model.model_copy(update=self.facts()),
                "answer": self.checkpoint.written(ids),
                "tokens": self._tokens(readout, ids),
            }
        )
        return staged(answered, readout.arrays(), self.vocabulary, analysis.request.lens.base)

    def facts(self) -> dict[str, Any]:
        """What only the loaded model tells for sure: a hub config may leave its shape out."""
        anatomy = self.checkpoint.anatomy
        return {
            "layers": len(anatomy.layers),
            "width": anatomy.width,
            "vocabulary": anatomy.vocabulary,
            "dtype": self.checkpoint.dtype,
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
