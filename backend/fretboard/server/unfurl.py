"""Links that unfurl: title, description and a preview image in the page's head (Open Graph)."""

import html
from contextlib import suppress

from fastapi import APIRouter, Request, Response

from fretboard.analysis.arrays import Arrays, read_done
from fretboard.core.analysis import Analysis, Status
from fretboard.core.errors import FretboardError, NotFound
from fretboard.core.images import stored_image
from fretboard.figures.preview import SIZE, preview
from fretboard.jobs.services import Services
from fretboard.server.security.tokens import Access, Tokens

DAY = "max-age=86400"
LONGEST = 200  # characters of a description


def routes(services: Services, arrays: Arrays) -> APIRouter:
    """The preview image."""
    router = APIRouter(prefix="/api/analyses", tags=["analyses"])

    @router.get("/{analysis_id}/preview.png", response_class=Response)
    def picture(analysis_id: str) -> Response:
        """The image, the question, the answer and its heatmap as one PNG, 1200 × 630.

        For links that unfurl: where anyone may read, `/a/{id}` has Open Graph tags that name it.
        """
        analysis = read_done(services.store, analysis_id)
        image = None
        with suppress(NotFound):  # text only, or its image is lost
            image = stored_image(services.store.read_image(analysis_id))
        drawn = preview(analysis, arrays.named(analysis, "probability"), image)
        return Response(drawn, media_type="image/png", headers={"Cache-Control": DAY})

    return router


def unfurling(services: Services, request: Request, page: str, analysis_id: str) -> str:
    """The page with the tags of a finished analysis, where anyone may read it.

    A browser that opens the page says so and needs none: no record is read for it.
    """
    opened = request.headers.get("sec-fetch-dest") == "document"
    if opened or Tokens.of(services.settings).anyone < Access.READ:
        return page
    try:
        analysis = services.store.read(analysis_id)
    except FretboardError:
        return page
    if analysis.status is not Status.DONE:
        return page
    return page.replace("</head>", f"{_tags(analysis, str(request.base_url))}\n\t</head>", 1)


def _tags(analysis: Analysis, base: str) -> str:
    answer = " ".join((analysis.answer or "").split())
    properties = {
        "og:type": "article",
        "og:site_name": "Fretboard",
        "og:title": f"“{analysis.request.prompt}”"[:LONGEST],
        "og:description": f"{analysis.model.name}: {answer}"[:LONGEST],
        "og:url": f"{base}a/{analysis.id}",
        "og:image": f"{base}api/analyses/{analysis.id}/preview.png",
        "og:image:width": str(SIZE[0]),
        "og:image:height": str(SIZE[1]),
    }
    lines = [
        f'<meta property="{name}" content="{html.escape(value)}" />'
        for name, value in properties.items()
    ]
    return "\n\t\t".join(['\t<meta name="twitter:card" content="summary_large_image" />', *lines])
