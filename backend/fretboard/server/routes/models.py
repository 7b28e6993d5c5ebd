"""The model menu: what is within reach, and loading one of it."""

from typing import Annotated

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel

from fretboard.jobs.model_choice import ModelChoice, Reachable


class Menu(BaseModel):
    """allowed: whether this server loads what is chosen."""

    allowed: bool
    models: list[Reachable]


def routes(choice: ModelChoice) -> APIRouter:
    """Beside `/api/models`, which lists what is served."""
    router = APIRouter(prefix="/api/models", tags=["site"])

    @router.get("/reachable")
    def reachable() -> Menu:
        """Models that are served, on this machine, or worth fetching, with size and memory."""
        return Menu(allowed=choice.allowed, models=choice.reachable())

    @router.post("/load", status_code=202)
    def load(name: Annotated[str, Form()]) -> Reachable:
        """Fetch a model of the menu where it is not here, and serve it beside the first."""
        return choice.load(name)

    @router.post("/call-off", status_code=204, response_class=Response)
    def call_off(name: Annotated[str, Form()]) -> None:
        """Stop a download; what is here stays for the next try."""
        choice.call_off(name)

    return router
