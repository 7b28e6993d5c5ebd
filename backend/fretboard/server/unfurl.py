"""Links that unfurl: title, description and a preview image in the page's head (Open Graph)."""

import html
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from PIL import Image

from fretboard.analysis.arrays import read_done
from fretboard.analysis.causal_tests import TITLES, find
from fretboard.analysis.image_sets import view
from fretboard.core.analysis import Analysis, Status
from fretboard.core.errors import FretboardError, NotFound
from fretboard.core.images import stored_image
from fretboard.figures.preview import COLUMNS, SIZE, preview, preview_of_set
from fretboard.jobs.services import Services
from fretboard.server.context import InArrays, InServices
from fretboard.server.security.tokens import Access, Tokens

router = APIRouter(tags=["previews"])
DAY = "max-age=86400"
LONGEST = 200  # characters of a title or description


@dataclass(frozen=True)
class Card:
    """What a link unfurls to; `picture` is below the server's address."""

    title: str
    description: str
    picture: str


@router.get("/api/analyses/{analysis_id}/preview.png", response_class=Response)
def picture(analysis_id: str, services: InServices, arrays: InArrays) -> Response:
    """The image, the question, the answer and its heatmap as one PNG, 1200 × 630.

    For links that unfurl: where anyone may read, `/a/{id}` has Open Graph tags that name it.
    """
    analysis = read_done(services.store, analysis_id)
    image = None
    with suppress(NotFound):  # text only, or its image is lost
        image = stored_image(services.store.read_image(analysis_id))
    drawn = preview(analysis, arrays.named(analysis, "probability"), image)
    return Response(drawn, media_type="image/png", headers={"Cache-Control": DAY})


@router.get("/api/trajectories/{set_id}/preview.png", response_class=Response)
def picture_of_set(set_id: str, services: InServices) -> Response:
    """The question and some images with the word of each as one PNG, 1200 × 630."""
    seen = view(services.store, services.sets.read(set_id))
    members: list[tuple[Image.Image, str]] = []
    for member in seen.members:
        if len(members) < COLUMNS and member.status is Status.DONE:
            with suppress(NotFound):
                png = services.store.read_image(str(member.analysis_id))
                members.append((stored_image(png), member.word or ""))
    drawn = preview_of_set(seen.request.prompt, members, len(seen.members), seen.request.model)
    return Response(drawn, media_type="image/png", headers={"Cache-Control": DAY})


def unfurling(services: Services, request: Request, page: str) -> str:
    """The page with the tags of the finished record that it is of, where anyone may read it.

    A browser that opens the page says so and needs none: no record is read for it.
    """
    opened = request.headers.get("sec-fetch-dest") == "document"
    if opened or Tokens.of(services.settings).anyone < Access.READ:
        return page
    try:
        card = _card(services, request.path_params, request.query_params.get("test"))
    except FretboardError:
        return page
    if card is None:
        return page
    tags = _tags(card, str(request.base_url), request.url.path.lstrip("/"))
    return page.replace("</head>", f"{tags}\n\t</head>", 1)


def _card(services: Services, path: Mapping[str, str], test_id: str | None) -> Card | None:
    """None: nothing that is finished."""
    if "set_id" in path:
        return _card_of_set(services, path["set_id"])
    ids = [path[name] for name in ("analysis_id", "other_id") if name in path]
    analyses = [services.store.read(analysis_id) for analysis_id in ids]
    if not analyses or any(analysis.status is not Status.DONE for analysis in analyses):
        return None
    first = analyses[0]
    title, said = f"“{first.request.prompt}”", f"{first.model.name}: {_answer(first)}"
    if len(analyses) > 1:
        share = LONGEST // 2 - 8  # both are to be seen
        said = " ↔ ".join(
            f"{label}: {_answer(analysis)[:share]}"
            for label, analysis in zip("AB", analyses, strict=True)
        )
    elif test_id is not None:
        test = services.tests.read(test_id)
        if test.status is Status.DONE and test.analysis == first.id:
            title = f"{TITLES[test.kind].capitalize()}: {title}"
            said = find(test, services.tests.read_results(test.id), None).sentence
    return Card(title, said, f"api/analyses/{first.id}/preview.png")


def _card_of_set(services: Services, set_id: str) -> Card | None:
    seen = view(services.store, services.sets.read(set_id))
    if seen.status != "done":
        return None
    words = dict.fromkeys(member.word.strip() for member in seen.members if member.word)
    said = f"{seen.request.model}, {len(seen.members)} images"
    said += f": {', '.join(words)}" if words else ""
    return Card(f"“{seen.request.prompt}”", said, f"api/trajectories/{set_id}/preview.png")


def _answer(analysis: Analysis) -> str:
    return " ".join((analysis.answer or "").split())


def _tags(card: Card, base: str, path: str) -> str:
    properties = {
        "og:type": "article",
        "og:site_name": "Fretboard",
        "og:title": card.title[:LONGEST],
        "og:description": card.description[:LONGEST],
        "og:url": f"{base}{path}",
        "og:image": f"{base}{card.picture}",
        "og:image:width": str(SIZE[0]),
        "og:image:height": str(SIZE[1]),
    }
    lines = [
        f'<meta property="{name}" content="{html.escape(value)}" />'
        for name, value in properties.items()
    ]
    return "\n\t\t".join(['\t<meta name="twitter:card" content="summary_large_image" />', *lines])
