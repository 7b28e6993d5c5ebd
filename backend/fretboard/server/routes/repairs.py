"""The repairs over HTTP: what each does, its paper, and its settings for the served model."""

from fastapi import APIRouter
from pydantic import BaseModel

from fretboard.core.repair import ABOUT, RepairKind, parse_repair
from fretboard.jobs.services import Services


class RepairChoice(BaseModel):
    """A repair; `text` is what a request sends, with all its settings as they would become."""

    kind: RepairKind
    title: str
    does: str
    paper: str
    url: str
    text: str


def routes(services: Services) -> APIRouter:
    """The router, bound to this process's services."""
    router = APIRouter(prefix="/api", tags=["models"])

    @router.get("/repairs")
    def repairs(model: str | None = None) -> list[RepairChoice]:
        """The ways to decode besides the plain one."""
        layers = services.choose(model or None).layers or None
        return [
            RepairChoice(
                kind=kind,
                title=about.title,
                does=about.does,
                paper=about.paper,
                url=f"https://arxiv.org/abs/{about.arxiv}",
                text=str(parse_repair(kind.value, layers)),
            )
            for kind, about in ABOUT.items()
        ]

    return router
