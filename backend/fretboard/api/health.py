"""Whether the process lives (`/healthz`) and whether it can do its work (`/readyz`)."""

import uuid
from collections.abc import Callable
from typing import Any

import obstore
from fastapi import APIRouter
from fastapi.responses import JSONResponse
from obstore.exceptions import BaseError
from pydantic import BaseModel
from redis.exceptions import RedisError

from fretboard.api.models import list_models
from fretboard.api.problems import problem
from fretboard.errors import Unavailable
from fretboard.services import Services
from fretboard.store.records import open_objects

PROBE_FLAG = "readyz"


class Ready(BaseModel):
    """The default model is loaded, the store can be written, Redis answers where it is used."""

    status: str = "ready"
    model: str


def routes(services: Services) -> APIRouter:
    """Both, without a token: they tell nothing of what is kept."""
    router = APIRouter(tags=["health"])
    checks: dict[str, Callable[[], None]] = {
        "redis": lambda: _check_redis(services),
        "store": _store_check(services.settings.store_url),
        "model": lambda: _check_model(services),
    }

    @router.get("/healthz")
    def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @router.get("/readyz", response_model=Ready, responses=NOT_READY)
    def readyz() -> Ready | JSONResponse:
        """A worker has the model loaded, the store can be written, Redis answers; 503 until then.

        `detail` says of each that fails what to do, `failed` names them.
        """
        failed = {name: told for name, check in checks.items() if (told := _told(check))}
        if failed:
            detail = " ".join(failed.values())
            return problem(503, "Not ready", detail, failed=list(failed))
        return Ready(model=services.settings.model)

    return router


NOT_READY: dict[int | str, dict[str, Any]] = {
    503: {"description": "Not ready; `detail` says what to do, `failed` lists redis, store, model"}
}


def _told(check: Callable[[], None]) -> str:
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
        raise Unavailable(
            f"Redis does not take a write ({error}). Check that the server runs, REDIS_URL, and "
            "the server's memory and disk."
        ) from error


def _store_check(url: str) -> Callable[[], None]:
    objects = open_objects(url)

    def check() -> None:
        path = f"health/{uuid.uuid4().hex}"
        try:
            obstore.put(objects, path, b"")
            obstore.delete(objects, path)
        except (BaseError, OSError) as error:
            raise Unavailable(
                f"The store cannot be written ({error}). Check STORE_URL, who owns it, and the "
                "free space."
            ) from error

    return check


def _check_model(services: Services) -> None:
    model = list_models(services)[0]
    if model.state != "ready":
        raise Unavailable(
            f"No worker has the model {model.name} ready: it is {model.state}. {model.detail}"
        )
