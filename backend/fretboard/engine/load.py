"""The served model, loaded: what workers and the commands without a server begin with."""

from pathlib import Path
from typing import TYPE_CHECKING

from fretboard.core.model_info import served_model
from fretboard.core.progress import watched
from fretboard.core.settings import Settings
from fretboard.store.analyses import AnalysisStore

if TYPE_CHECKING:
    from fretboard.engine.analyze import Pipeline


def load_pipeline(settings: Settings, store: AnalysisStore) -> "Pipeline":
    """The served model, loaded, with its tokenizer published to the store."""
    # torch and transformers take seconds to import: only here, never in a web process.
    from fretboard.engine.analyze import Pipeline
    from fretboard.model.checkpoint import load

    if settings.log_json:
        _join_library_logs()
    elif not watched():
        _stop_library_bars()
    served = served_model(settings.model)
    from_hub = served.source == served.name and not Path(served.source).is_dir()
    revision = served.revision if from_hub else None
    checkpoint = load(served.source, revision, settings.device, settings.dtype)
    store.write_tokenizer(served.revision, checkpoint.tokenizer_json)
    return Pipeline(checkpoint, store, settings.max_new_tokens)


def free_bytes() -> int:
    """Memory left for a run, once the model is loaded; 0: unknown."""
    from fretboard.model.memory import free_bytes as left

    return left()


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
