"""The model menu: what is within reach, and loading one of it."""

from typing import Annotated

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel

from fretboard.jobs.model_choice import Reachable
from fretboard.server.context import InModels

router = APIRouter(prefix="/api/models", tags=["site"])  # `/api/models` itself: what is served


class Menu(BaseModel):
    """allowed: whether this server loads what is chosen."""

    allowed: bool
    models: list[Reachable]


@router.get("/reachable")
def reachable(models: InModels) -> Menu:
    """Models that are served, on this machine, or worth fetching, with size and memory."""
    return Menu(allowed=models.allowed, models=models.reachable())


@router.post("/load", status_code=202)
def load(name: Annotated[str, Form()], models: InModels) -> Reachable:
    """Fetch a model of the menu where it is not here, and serve it beside the first."""
    return models.load(name)


@router.post("/call-off", status_code=204, response_class=Response)
def call_off(name: Annotated[str, Form()], models: InModels) -> None:
    """Stop a download; what is here stays for the next try."""
    models.call_off(name)
