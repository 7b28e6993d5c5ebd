"""The served model, loaded: what workers and the commands without a server begin with."""

import logging
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from fretboard import __version__
from fretboard.core.model_info import ServedModel, served_model
from fretboard.core.notes import note, recall
from fretboard.core.progress import watched
from fretboard.core.settings import Settings
from fretboard.engine.tried import known_fault
from fretboard.store.analyses import AnalysisStore

if TYPE_CHECKING:
    from fretboard.engine.analyze import Pipeline
    from fretboard.model.checkpoint import Checkpoint

log = logging.getLogger(__name__)


def load_pipeline(settings: Settings, store: AnalysisStore) -> "Pipeline":
    """The served model, loaded and tested, with its tokenizer published to the store.

    Raises FretboardError, in a sentence, where its files or its numbers cannot be trusted.
    """
    if settings.log_json:
        _join_library_logs()
    elif not watched():
        _stop_library_bars()
    served = served_model(settings.model)
    fault = known_fault(served.family, version("transformers"))
    if fault:
        log.warning(fault)
    checkpoint = load_checkpoint(settings, served)
    _tested(checkpoint, served.revision)
    store.write_tokenizer(served.revision, checkpoint.tokenizer_json)
    return pipeline_of(settings, served, checkpoint, store)


def pipeline_of(
    settings: Settings, served: ServedModel, checkpoint: "Checkpoint", store: AnalysisStore
) -> "Pipeline":
    """A model in memory at work, with the lenses that were fitted for it."""
    # torch and transformers take seconds to import: only here, never in a web process.
    from fretboard.engine.analyze import Pipeline
    from fretboard.engine.fitted import FittedLenses

    lenses = FittedLenses(served.name, served.revision, settings.lenses)
    return Pipeline(checkpoint, store, lenses, settings.max_new_tokens)


def load_checkpoint(settings: Settings, served: ServedModel) -> "Checkpoint":
    """The model with its parts located, not yet tested. Raises UnsupportedModel."""
    from fretboard.model.checkpoint import load

    from_hub = served.source == served.name and not Path(served.source).is_dir()
    revision = served.revision if from_hub else None
    return load(served.source, revision, settings.device, settings.dtype)


def _tested(checkpoint: "Checkpoint", revision: str) -> None:
    """The self-test, once for each revision, precision, device and version of the libraries."""
    from fretboard.model.self_test import self_test

    device = next(checkpoint.model.parameters()).device.type
    versions = [__version__, version("torch"), version("transformers")]
    key = (revision, checkpoint.dtype, device, *versions)
    if recall("passed", *key) is None:
        started = time.perf_counter()
        passed = self_test(checkpoint)
        log.info("self-test passed in %.2f s: %s", time.perf_counter() - started, passed)
        note(str(passed), "passed", *key)


def _join_library_logs() -> None:
    """The model libraries' lines among ours, and no progress bars, which are no lines."""
    from transformers.utils import logging as library

    _stop_library_bars()
    library.disable_default_handler()
    library.enable_propagation()


def _stop_library_bars() -> None:
    from huggingface_hub.utils import disable_progress_bars
    from transformers.utils import logging as library

    disable_progress_bars()
    library.disable_progress_bar()
