"""What `fretboard serve` and `worker` import, once for all forks of it (`forked`)."""

from importlib import import_module

for name in (
    "fretboard.cli.main",
    "fretboard.cli.serve",
    "fretboard.engine.load",
    "fretboard.jobs.tasks",
    "transformers.generation",
    "transformers.models.auto.modeling_auto",
    "transformers.models.llava.modeling_llava",
    "transformers.models.llava.processing_llava",
    "uvicorn.protocols.http.auto",
):
    import_module(name)
