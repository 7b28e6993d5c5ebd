"""Errors → `application/problem+json` (RFC 9457), whose `detail` says what to do."""

import logging
from http import HTTPStatus
from typing import Any

from anyio import BrokenResourceError
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from fretboard.core.errors import FretboardError, InputError, Unavailable
from fretboard.core.validation import sentence
from fretboard.jobs.redis import refusal

log = logging.getLogger(__name__)
PROBLEM_JSON = "application/problem+json"
RETRY_SECONDS = 5
AGAIN = " Correct it and send the request again."
NO_REDIS = (
    "Redis does not answer. Ask again in a few seconds; what was accepted before is not lost. If "
    "it stays so, start Redis, or correct REDIS_URL."
)
# Shown in the OpenAPI document for every route: any of them may find no model, store or Redis.
_PROBLEM = {
    PROBLEM_JSON: {
        "schema": {
            "type": "object",
            "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
            },
        }
    }
}
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": description, "content": _PROBLEM}
    for status, description in {
        "4XX": "What was wrong and what to do (RFC 9457)",
        "500": "The model cannot be read, its run failed, or an error on our side",
        "503": "Not available right now: ask again, after the seconds of Retry-After",
        "507": "No memory or no disk for it: the detail says what to lower or free",
    }.items()
}


def problem(status: int, title: str, detail: str, **members: Any) -> JSONResponse:
    """One problem document; `members` are extensions of its own."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    later = {"Retry-After": str(RETRY_SECONDS)} if status == Unavailable.status else None
    return JSONResponse(body | members, status, later, PROBLEM_JSON)


def nowhere(request: Request) -> JSONResponse:
    """404: no route leads there."""
    detail = f"There is nothing at {request.url.path}. See /openapi.json for what there is."
    return problem(404, HTTPStatus.NOT_FOUND.phrase, detail)


def install_handlers(app: FastAPI) -> None:
    """Every error of a route becomes a problem document."""

    @app.exception_handler(FretboardError)
    def ours(_request: Request, error: FretboardError) -> JSONResponse:
        return problem(error.status, error.title, error.detail, **error.members)

    @app.exception_handler(RedisError)
    def no_redis(_request: Request, error: Exception) -> JSONResponse:
        log.warning("Redis does not answer: %s", error)
        return problem(Unavailable.status, Unavailable.title, refusal(error) or NO_REDIS)

    @app.exception_handler(RequestValidationError)
    def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        return problem(422, InputError.title, sentence(error.errors(), 1) + AGAIN)

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> JSONResponse:
        title = HTTPStatus(error.status_code).phrase
        detail = str(error.detail)
        if error.status_code == HTTPStatus.NOT_FOUND:
            return nowhere(request)
        return problem(error.status_code, title, detail)

    @app.exception_handler(Exception)
    def unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        detail = "An error on our side; the server goes on. Try again, and report it if it stays."
        return problem(500, "Something went wrong", detail)


class GoneClients:
    """ASGI middleware: a client that closes an event stream at a bad moment is no error of ours.

    FastAPI's stream then fails to hand on what it has, in a task group of its own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except* BrokenResourceError:
            log.info("a client went away: %s", scope.get("path"))
