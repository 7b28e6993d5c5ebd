"""The served model, loaded: what workers and the commands without a server begin with."""

from pathlib import Path
from typing import TYPE_CHECKING

from fretboard.logs import join_library_logs
from fretboard.served import served_model
from fretboard.settings import Settings
from fretboard.store.durable import AnalysisStore

if TYPE_CHECKING:
    from fretboard.pipeline import Pipeline


def load_pipeline(settings: Settings, store: AnalysisStore) -> "Pipeline":
    """The served model, loaded, with its tokenizer published to the store."""
    # torch and transformers take seconds to import: only here, never in a web process.
    from fretboard.model.checkpoint import load
    from fretboard.pipeline import Pipeline

    if settings.log_json:
        join_library_logs()
    served = served_model(settings.model)
    from_hub = served.source == served.name and not Path(served.source).is_dir()
    revision = served.revision if from_hub else None
    checkpoint = load(served.source, revision, settings.device, settings.dtype)
    store.write_tokenizer(served.revision, checkpoint.tokenizer_json)
    return Pipeline(checkpoint, store)


def free_bytes() -> int:
    """Memory left for a run, once the model is loaded; 0: unknown."""
    from fretboard.model.memory import free_bytes as left

    return left()
