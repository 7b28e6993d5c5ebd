"""The worker's side of causal tests: run one, tell how far it is, keep what came of it."""

import logging
import time
from typing import TYPE_CHECKING

from fretboard.core.analysis import Status, problem_of
from fretboard.core.causal_test import BLANK, Experiment
from fretboard.core.errors import Cancelled, FretboardError, InputError, NotFound
from fretboard.core.images import stored_image
from fretboard.jobs.services import Services

if TYPE_CHECKING:
    from fretboard.engine import Pipeline
    from fretboard.engine.causal.run import Material, Report

log = logging.getLogger(__name__)
STARTING = "The model reads the prompt and the image."
REPORT_SECONDS = 0.3  # between two progress events: more would only fill the bus


class Experimenter:
    """Causal tests on the generation thread: module patches are global, so one at a time."""

    def __init__(self, services: Services, pipeline: "Pipeline") -> None:
        self._services = services
        self._pipeline = pipeline

    def experiment(self, experiment_id: str) -> None:
        """Run one; again after a worker was killed, with the same result."""
        try:
            experiment = self._services.experiments.read(experiment_id)
        except NotFound:  # deleted while it waited
            return
        if experiment.status in (Status.DONE, Status.FAILED):
            return
        experiment = experiment.model_copy(update={"status": Status.RUNNING})
        self._services.experiments.write(experiment)
        self._emit(experiment, {"type": "status", "status": "running", "message": STARTING})
        try:
            self._run(experiment)
        except Exception as error:
            if not isinstance(error, FretboardError):
                log.exception("experiment %s failed", experiment_id)
            self._services.fail(experiment, problem_of(error))

    def _run(self, experiment: Experiment) -> None:
        from fretboard.engine.causal.run import measure

        report = self._report(experiment)
        report(0.0, STARTING)
        checkpoint, vocabulary = self._pipeline.checkpoint, self._pipeline.vocabulary
        material = self._material(experiment)
        finished, arrays = measure(checkpoint, vocabulary, experiment, material, report)
        records = self._services.experiments
        records.read(experiment.id)  # deleted while it ran: it stays deleted
        records.write_finished(finished, arrays)
        self._emit(experiment, {"type": "done", "id": experiment.id})

    def _material(self, experiment: Experiment) -> "Material":
        from fretboard.engine.causal.run import Material

        try:
            analysis = self._services.store.read(experiment.analysis)
        except NotFound as error:
            raise InputError(
                "The analysis was deleted while its test waited; ask the question again."
            ) from error
        image = other = None
        if analysis.request.image is not None:
            png = self._services.store.read_image(analysis.id)
            image = stored_image(png)
        if experiment.other not in ("", BLANK):
            png = self._services.experiments.read_other(experiment.id)
            other = stored_image(png)
        return Material(image, other, tuple(token.id for token in analysis.tokens))

    def _report(self, experiment: Experiment) -> "Report":
        cancelled, last = self._services.jobs.cancelled(experiment.id), 0.0

        def report(share: float, message: str) -> None:
            nonlocal last
            if cancelled():
                raise Cancelled("The test was cancelled. Run it again when you like.")
            if time.monotonic() - last < REPORT_SECONDS:
                return
            last = time.monotonic()
            self._emit(experiment, {"type": "progress", "share": share, "message": message})

        return report

    def _emit(self, experiment: Experiment, event: dict) -> None:
        self._services.bus.publish(experiment.id, event)
