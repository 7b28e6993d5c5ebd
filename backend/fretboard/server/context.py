"""What routes work with: kept by the application, handed to each handler by its type."""

from typing import Annotated, Any

from fastapi import Depends, FastAPI
from starlette.requests import HTTPConnection

from fretboard.analysis.arrays import Arrays
from fretboard.analysis.source import StoredSource
from fretboard.jobs.compute import QueueCompute
from fretboard.jobs.model_choice import ModelChoice, StartWorker
from fretboard.jobs.services import Services


def _kept(name: str) -> Any:
    async def kept(connection: HTTPConnection) -> Any:  # no thread is needed for it
        return getattr(connection.app.state, name)

    return Depends(kept)


InServices = Annotated[Services, _kept("services")]
InCompute = Annotated[QueueCompute, _kept("compute")]
InArrays = Annotated[Arrays, _kept("arrays")]
InSource = Annotated[StoredSource, _kept("source")]
InModels = Annotated[ModelChoice, _kept("models")]


def keep(app: FastAPI, services: Services, start_worker: StartWorker | None) -> None:
    """Have the application's routes work with these."""
    state, settings = app.state, services.settings
    state.services, state.compute = services, QueueCompute(services)
    state.arrays = Arrays(
        services.store, services.sets, state.compute, services.cache, settings.lenses
    )
    state.source = StoredSource(state.arrays)
    state.models = ModelChoice(services, start_worker)
