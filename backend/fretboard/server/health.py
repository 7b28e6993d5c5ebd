"""Whether the process lives (`/healthz`) and whether it can do its work (`/readyz`)."""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from redis.exceptions import RedisError

from fretboard.core.errors import FretboardError, Unavailable
from fretboard.jobs.redis import refusal
from fretboard.jobs.services import Services
from fretboard.server.problems import problem
from fretboard.store.objects import open_objects

log = logging.getLogger(__name__)
PROBE_FLAG = "readyz"
KEPT_SECONDS = 2.0


class Ready(BaseModel):
    """The default model is loaded, the store can be written, Redis answers where it is used."""

    status: str = "ready"
    model: str


def routes(services: Services) -> APIRouter:
    """Both, without a token: they tell nothing of what is kept."""
    router = APIRouter(tags=["health"])
    checks = Checks(services)

    @router.get("/healthz")
    def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @router.get("/readyz", response_model=Ready, responses=NOT_READY)
    def readyz() -> Ready | JSONResponse:
        """A worker has the model loaded, the store can be written, Redis answers; 503 until then.

        `detail` says of each that fails what to do, `failed` names them.
        """
        failed = checks.failed()
        if failed:
            detail = " ".join(failed.values())
            return problem(503, "Not ready", detail, failed=list(failed))
        return Ready(model=services.settings.model)

    return router


class Checks:
    """All of them, at most once in KEPT_SECONDS: they write, and strangers may ask."""

    def __init__(self, services: Services) -> None:
        self._all: dict[str, Callable[[], None]] = {
            "redis": lambda: _check_redis(services),
            "store": _store_check(services.settings.store_url),
            "model": lambda: _check_model(services),
        }
        self._lock = threading.Lock()
        self._checked: float | None = None
        self._failed: dict[str, str] = {}

    def failed(self) -> dict[str, str]:
        """What each that failed has to say, by its name."""
        with self._lock:
            if self._checked is None or time.monotonic() - self._checked >= KEPT_SECONDS:
                answers = {name: _answer(check) for name, check in self._all.items()}
                self._failed = {name: text for name, text in answers.items() if text}
                self._checked = time.monotonic()
            return self._failed


NOT_READY: dict[int | str, dict[str, Any]] = {
    503: {"description": "Not ready; `detail` says what to do, `failed` lists redis, store, model"}
}


def _answer(check: Callable[[], None]) -> str:
    """What the check has to say; "" when all is well."""
    try:
        check()
    except Unavailable as error:
        return error.detail
    except (RedisError, OSError):  # said by the check of Redis, which all others need
        return ""
    return ""


def _check_redis(services: Services) -> None:
    """A write, which a Redis that is full or cannot save refuses."""
    try:
        services.bus.set_flag(PROBE_FLAG)
        services.bus.clear_flag(PROBE_FLAG)
    except (RedisError, OSError) as error:
        log.warning("Redis does not take a write: %s", error)  # names the host: not for strangers
        raise Unavailable(
            refusal(error)
            or "Redis does not take a write. Check that the server runs, REDIS_URL, and the "
            "server's memory and disk; the log says more."
        ) from error


def _store_check(url: str) -> Callable[[], None]:
    objects = open_objects(url)

    def check() -> None:
        path = f"health/{uuid.uuid4().hex}"
        try:
            objects.put(path, b"")
            objects.delete(path)
        except FretboardError as error:
            log.warning("the store cannot be written: %s", error)
            raise Unavailable(
                "The store cannot be written. Check STORE_URL, who owns it, and the free space; "
                "the log says more."
            ) from error

    return check


def _check_model(services: Services) -> None:
    model = services.models()[0]
    if model.state != "ready":
        raise Unavailable(
            f"No worker has the model {model.name} ready: it is {model.state}. {model.detail}"
        )
