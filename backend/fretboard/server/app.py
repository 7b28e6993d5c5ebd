"""The web application: routes, error handling, limits and headers, put together."""

import re
from collections.abc import Callable

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

from fretboard import __version__
from fretboard.core.settings import split_words
from fretboard.jobs.model_choice import StartWorker
from fretboard.jobs.services import Services
from fretboard.server import health, page, unfurl
from fretboard.server.body_limit import BodyLimit
from fretboard.server.context import keep
from fretboard.server.metrics import add_metrics
from fretboard.server.problems import PROBLEM_RESPONSES, GoneClients, install_handlers
from fretboard.server.routes import (
    analyses,
    causal_tests,
    exports,
    figures,
    image_sets,
    interventions,
    maps,
    models,
    patches,
    words,
)
from fretboard.server.security import sign_in
from fretboard.server.security.guard import Guard

# Plotly adds one empty style element (the hash) and sets style attributes; nothing else is inline.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "style-src-elem 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; "
    "style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; frame-ancestors {}; base-uri 'none'; form-action 'self'"
)
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
ROUTES = (
    analyses, words, patches, interventions, figures, maps, image_sets, causal_tests, exports,
    unfurl, models, sign_in, page,
)  # fmt: skip
COMPRESS_ABOVE_BYTES = 2048
LEVEL = 5  # within 1 % of the size of 9, in half its time
FRAMED = re.compile(r"/(?:a|t|compare)/[0-9a-f/]+")
OF_A_RECORD = re.compile(r"/(?:api/(?:analyses|experiments|trajectories)|a|t)/([0-9a-f]{32})\b")


def create_app(
    services: Services,
    after_first_response: Callable[[], None],
    start_worker: StartWorker | None = None,
) -> FastAPI:
    """The application; `after_first_response` is called once, when something has been served.

    start_worker: for another model in this process; None: it has no workers of its own.
    """
    app = FastAPI(
        title="Fretboard",
        version=__version__,
        description="How a vision-language model's answer takes shape, layer by layer.",
        responses=PROBLEM_RESPONSES,
        docs_url=None,  # its page loads scripts from elsewhere, which the policy above forbids
        redoc_url=None,
    )
    install_handlers(app)
    keep(app, services, start_worker)
    for routes in ROUTES:
        app.include_router(routes.router)
    app.include_router(health.routes(services))
    page.add_page(app, services)
    add_metrics(app, services)
    app.add_middleware(GoneClients)
    app.add_middleware(GZipMiddleware, minimum_size=COMPRESS_ABOVE_BYTES, compresslevel=LEVEL)
    app.add_middleware(BodyLimit, limit=services.settings.max_body_bytes)
    app.add_middleware(Guard, settings=services.settings)
    embed = " ".join(split_words(services.settings.embed))
    app.add_middleware(Envelope, after_first_response=after_first_response, embed=embed)
    return app


class Envelope:
    """ASGI middleware: security headers, a call after the first response, the id in log lines."""

    def __init__(
        self, app: ASGIApp, after_first_response: Callable[[], None], embed: str = ""
    ) -> None:
        """embed: the sites whose pages may show a chart in a frame."""
        self._app, self._embed = app, embed
        self._after_first: Callable[[], None] | None = after_first_response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS, self._policy(scope)]
                _name_in_logs(Headers(raw=message["headers"]).get("location", ""))
            await send(message)

        clear_contextvars()  # of the connection's last request
        _name_in_logs(scope["path"])
        await self._app(scope, receive, with_headers)
        after, self._after_first = self._after_first, None
        if after is not None:
            after()

    def _policy(self, scope: Scope) -> tuple[bytes, bytes]:
        """Nobody may frame a page but for a chart alone, where a setting allows it."""
        alone = b"embed=1" in scope["query_string"].split(b"&")
        framed = self._embed and alone and FRAMED.fullmatch(scope["path"])
        text = CONTENT_SECURITY_POLICY.format(self._embed if framed else "'none'")
        return b"content-security-policy", text.encode()


def _name_in_logs(path: str) -> None:
    """The record that a path or Location names: its id goes into the lines logged from here on."""
    match = OF_A_RECORD.search(path)
    if match:
        bind_contextvars(analysis=match[1])
