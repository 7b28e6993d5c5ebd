"""Everything that is not an analysis: models, gallery, world sets, and the page itself."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

from fretboard.analysis.questions import prepare
from fretboard.core.analysis import Status
from fretboard.core.errors import NotFound
from fretboard.core.images import to_png
from fretboard.core.map_settings import MapSettings, paper_settings, ranges
from fretboard.core.model_info import ServedModel
from fretboard.core.question import Question
from fretboard.jobs.services import Services
from fretboard.server.context import InServices
from fretboard.server.problems import nowhere, problem
from fretboard.server.unfurl import unfurling
from fretboard.store.examples import Example, gallery_entries, gallery_image

STATIC = Path(__file__).parent / "static"
YEAR_SECONDS = 365 * 24 * 3600
PAGE = ["GET", "HEAD"]
router = APIRouter(tags=["site"])
STRIP_IMAGES, STRIP_SIZE = 6, 96  # pictures in a world set's strip, and the side of each in px


class WorldSetEntry(BaseModel):
    """An image set of the bundled world, ready to be asked: POST /api/trajectories, `world`."""

    name: str
    title: str
    prompt: str
    token: str
    images: int
    strip_url: str
    """Some of its pictures side by side."""


class MapPresets(BaseModel):
    """Parameters of a map by preset, and the (least, most) that each may be."""

    default: dict[str, Any]
    paper_tokens: dict[str, Any]
    paper_images: dict[str, Any]
    ranges: dict[str, tuple[float, float]]


@router.get("/api/models")
def models(services: InServices) -> list[ServedModel]:
    """The models served here and whether they are loading, ready, absent or failed."""
    return services.models()


@router.get("/api/gallery")
def gallery(services: InServices) -> list[Example]:
    """Example scenes; those with an `analysis_id` open at once."""
    return [_example(services, entry) for entry in gallery_entries(services.settings.model)]


@router.get("/api/gallery/{name}", response_class=FileResponse)
def picture(name: str) -> FileResponse:
    """The picture of an example."""
    return FileResponse(gallery_image(name), headers={"Cache-Control": "max-age=3600"})


@router.get("/api/world-sets")
@lru_cache
def world_sets() -> list[WorldSetEntry]:
    """Image sets of the bundled world, one of each kind."""
    from fretboard.tiny_llava.world.sets import SETS

    return [
        WorldSetEntry(
            name=entry.name, title=entry.title, prompt=entry.prompt, token=entry.token,
            images=len(entry.scenes()), strip_url=f"/api/world-sets/{entry.name}/strip.png",
        )
        for entry in SETS.values()
    ]  # fmt: skip


@router.get("/api/world-sets/{name}/strip.png", response_class=Response)
def strip(name: str) -> Response:
    """Some pictures of a world set side by side."""
    kept = {"Cache-Control": "max-age=3600"}
    return Response(_strip(name), media_type="image/png", headers=kept)


@router.get("/api/map-presets")
def map_presets() -> MapPresets:
    """What a map is made with when nothing else is asked for, by preset."""
    return MapPresets(
        default=MapSettings().model_dump(),
        paper_tokens=paper_settings("tokens").model_dump(),
        paper_images=paper_settings("images").model_dump(),
        ranges=ranges(),
    )


def _example(services: Services, entry: dict) -> Example:
    example = Example(
        id=Path(entry["file"]).stem,
        image_url=f"/api/gallery/{entry['file']}",
        **{name: entry[name] for name in ("title", "category", "prompt", "truth")},
    )
    picture = gallery_image(entry["file"]).read_bytes()
    question = Question(prompt=example.prompt, image=picture)
    ready, _ = prepare(services.settings, question, services.bus.announced())
    try:
        done = services.store.read(ready.id).status == Status.DONE
    except NotFound:
        done = False
    return example.model_copy(update={"analysis_id": ready.id if done else None})


@lru_cache
def _strip(name: str) -> bytes:
    from PIL import Image

    from fretboard.tiny_llava.world.sets import SETS

    world_set = SETS.get(name)
    if world_set is None:
        raise NotFound(f"There is no set {name!r} of the bundled world.")
    pictures = [image for _, image in world_set.images()][:STRIP_IMAGES]
    strip = Image.new("RGB", (STRIP_SIZE * len(pictures), STRIP_SIZE))
    for column, image in enumerate(pictures):
        strip.paste(image.resize((STRIP_SIZE, STRIP_SIZE)), (column * STRIP_SIZE, 0))
    return to_png(strip)


def add_page(app: FastAPI, services: Services) -> None:
    """Serve the built page at its addresses; its hashed assets may be kept for a year."""

    @app.api_route("/", methods=PAGE, include_in_schema=False)
    @app.api_route("/a/{analysis_id}", methods=PAGE, include_in_schema=False)
    @app.api_route("/t/{set_id}", methods=PAGE, include_in_schema=False)
    @app.api_route("/definitions", methods=PAGE, include_in_schema=False)
    @app.api_route("/compare/{analysis_id}/{other_id}", methods=PAGE, include_in_schema=False)
    def page(request: Request) -> Response:
        index = STATIC / "index.html"
        if not index.is_file():
            return problem(503, "The page is not built", "Run `make page`, then reload.")
        text = unfurling(services, request, index.read_text(encoding="utf-8"))
        return HTMLResponse(text, headers={"Cache-Control": "no-cache"})

    @app.exception_handler(404)
    def lost(request: Request, _error: Exception) -> Response:
        """A browser gets the page, which says so; a client of the API the problem."""
        index, wants = STATIC / "index.html", request.headers.get("accept", "")
        of_page = "text/html" in wants and not request.url.path.startswith("/api/")
        if not of_page or not index.is_file():
            return nowhere(request)
        return HTMLResponse(index.read_text(encoding="utf-8"), 404)

    if (STATIC / "assets").is_dir():
        app.mount("/assets", Hashed(directory=STATIC / "assets"), name="assets")
    for path in STATIC.glob("*.*"):
        if path.name != "index.html":
            _add_file(app, path)


class Hashed(StaticFiles):
    """Files whose names change with what is in them: a browser asks for each once."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        """With the year that it may be kept."""
        response = super().file_response(*args, **options)
        response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
        return response


def _add_file(app: FastAPI, path: Path) -> None:
    @app.get(f"/{path.name}", include_in_schema=False)
    def file() -> FileResponse:
        return FileResponse(path)
