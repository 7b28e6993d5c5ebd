"""The web application: routes, error handling, limits and headers, put together."""

import re
from collections.abc import Callable

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

from fretboard import __version__
from fretboard.jobs.array_reader import ArrayReader
from fretboard.jobs.compute import Computing
from fretboard.jobs.services import Services
from fretboard.server import health
from fretboard.server import page as site
from fretboard.server.metrics import add_metrics
from fretboard.server.problems import PROBLEM_RESPONSES, BodyLimit, GoneClients, install_handlers
from fretboard.server.queries import make_stager
from fretboard.server.routes import analyses, figures, lost, maps, patches, repairs, words
from fretboard.server.routes import causal_tests as experiments
from fretboard.server.routes import image_sets as trajectories
from fretboard.server.routes import interventions as skips
from fretboard.server.security import sign_in as session
from fretboard.server.security.guard import Guard

# Plotly adds one empty style element (the hash) and sets style attributes; nothing else is inline.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "style-src-elem 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; "
    "style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
COMPRESS_ABOVE_BYTES = 2048
OF_A_RECORD = re.compile(r"/(?:api/(?:analyses|experiments|trajectories)|a|t)/([0-9a-f]{32})\b")


def create_app(services: Services, after_first_response: Callable[[], None]) -> FastAPI:
    """The application; `after_first_response` is called once, when something has been served."""
    app = FastAPI(
        title="Fretboard",
        version=__version__,
        description="How a vision-language model's answer takes shape, layer by layer.",
        responses=PROBLEM_RESPONSES,
        docs_url=None,  # its page loads scripts from elsewhere, which the policy above forbids
        redoc_url=None,
    )
    install_handlers(app)
    computing = Computing(services)
    reader = ArrayReader(services, computing)
    stage = make_stager(services, reader)
    app.include_router(analyses.routes(services, reader, stage))
    app.include_router(lost.routes(services))
    app.include_router(words.routes(services, reader))
    app.include_router(patches.routes(services, reader))
    app.include_router(skips.routes(services, stage))
    app.include_router(repairs.routes(services))
    app.include_router(figures.routes(services, reader, stage))
    app.include_router(maps.routes(services, reader, computing))
    app.include_router(trajectories.routes(services, computing))
    app.include_router(experiments.routes(services))
    app.include_router(session.routes(services.settings))
    app.include_router(site.routes(services))
    app.include_router(health.routes(services))
    site.add_page(app)
    add_metrics(app, services)
    app.add_middleware(GoneClients)
    app.add_middleware(GZipMiddleware, minimum_size=COMPRESS_ABOVE_BYTES)
    app.add_middleware(BodyLimit, limit=services.settings.max_body_bytes)
    app.add_middleware(Guard, settings=services.settings)
    app.add_middleware(Envelope, after_first_response=after_first_response)
    return app


class Envelope:
    """ASGI middleware: security headers, a call after the first response, the id in log lines."""

    def __init__(self, app: ASGIApp, after_first_response: Callable[[], None]) -> None:
        self._app = app
        self._after_first: Callable[[], None] | None = after_first_response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS]
                _name_in_logs(Headers(raw=message["headers"]).get("location", ""))
            await send(message)

        clear_contextvars()  # of the connection's last request
        _name_in_logs(scope["path"])
        await self._app(scope, receive, with_headers)
        after, self._after_first = self._after_first, None
        if after is not None:
            after()


def _name_in_logs(path: str) -> None:
    """The record that a path or Location names: its id goes into the lines logged from here on."""
    found = OF_A_RECORD.search(path)
    if found:
        bind_contextvars(analysis=found[1])
