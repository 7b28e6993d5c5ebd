"""Models within reach: what is served, on this machine, or worth fetching; and loading one.

One more model at a time runs beside FRETBOARD_MODEL, in this process; choosing another ends it.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from fretboard.core import hub
from fretboard.core.analysis import problem_of
from fretboard.core.errors import Cancelled, InputError, NotFinished, NotFound, TooLarge
from fretboard.core.machine import available_bytes
from fretboard.core.own_models import BUNDLED_MODEL, LITE_VLM, TITLES, lite_vlm_assembled
from fretboard.core.settings import Settings
from fretboard.jobs.services import Services

log = logging.getLogger(__name__)
GPU = Path("/dev/nvidiactl")
# Memory of a checkpoint's bytes, to load it and to answer: 16 bits become 32 on a processor.
ON_GPU, ON_CPU = 1.25, 2.25
StartWorker = Callable[[Settings], Callable[[], None]]
State = Literal["ready", "loading", "fetching", "failed", "here", "away"]


@dataclass(frozen=True)
class Recommended:
    """bytes: of the files that are fetched, in the precision in which the hub has them."""

    name: str
    bytes: int
    about: str


RECOMMENDED = (
    Recommended("HuggingFaceTB/SmolVLM-256M-Instruct", 519_000_000, "256 M; any laptop"),
    Recommended("HuggingFaceTB/SmolVLM-500M-Instruct", 1_020_000_000, "500 M; a laptop"),
    Recommended("llava-hf/llava-interleave-qwen-0.5b-hf", 1_740_000_000, "0.9 B; a laptop"),
    Recommended("Qwen/Qwen2-VL-2B-Instruct", 4_430_000_000, "2 B; 16 GB of memory, or a GPU"),
    Recommended("llava-hf/llava-1.5-7b-hf", 14_130_000_000, "7 B, the paper's; a GPU of 24 GB"),
)


class Reachable(BaseModel):
    """A model of the menu. bytes: on disk or to fetch; memory_bytes: about what it takes to run."""

    name: str
    state: State
    about: str = ""
    detail: str = ""
    bytes: int = 0
    memory_bytes: int = 0
    share: float | None = None
    """Of the download that is here, while it is fetched."""


class ModelChoice:
    """Loads another model on request. start: begins a worker for settings, and returns its stop."""

    def __init__(self, services: Services, start: StartWorker | None) -> None:
        self._services, self._start = services, start
        self._lock = threading.Lock()
        self._current: Reachable | None = None
        self._called_off = threading.Event()
        self._stop: Callable[[], None] | None = None

    @property
    def allowed(self) -> bool:
        """FRETBOARD_MODEL_CHOICE; by default on loopback alone. Only with the worker inside."""
        settings = self._services.settings
        here = settings.model_choice == "auto" and settings.on_loopback
        return self._start is not None and (settings.model_choice == "on" or here)

    def reachable(self) -> list[Reachable]:
        """Served ones first, then those on this machine, then those worth fetching."""
        listed: dict[str, Reachable] = {}
        for model in self._services.models():
            if model.state != "absent" or model.default:
                state: State = "away" if model.state == "absent" else model.state
                listed[model.name] = Reachable(name=model.name, state=state, detail=model.detail)
        if self.allowed:
            if self._current is not None and self._current.state in ("fetching", "failed"):
                listed[self._current.name] = self._current
            listed.setdefault(BUNDLED_MODEL, _sized(BUNDLED_MODEL, "here", 0, "drawn scenes"))
            if lite_vlm_assembled():
                listed.setdefault(LITE_VLM, _sized(LITE_VLM, "here", 0, "photographs"))
            for local in hub.here():
                listed.setdefault(local.name, _sized(local.name, "here", local.bytes))
            for entry in RECOMMENDED:
                listed.setdefault(entry.name, _sized(entry.name, "away", entry.bytes, entry.about))
        return list(listed.values())

    def load(self, name: str) -> Reachable:
        """Fetch it where it is not here, then serve it; returns at once.

        Raises InputError where it is off or the name is not in the menu, NotFinished while
        another one is fetched, TooLarge where the memory has no room for it.
        """
        if not self.allowed:
            raise InputError("This server chooses its model itself (FRETBOARD_MODEL_CHOICE).")
        known = {model.name: model for model in self.reachable()}
        if name not in known:
            raise InputError(
                f"{name!r} is not in the menu. Set FRETBOARD_MODEL to it, or fetch it first: "
                f"fretboard models fetch {name}"
            )
        model = known[name]
        if model.state in ("ready", "loading"):
            return model
        check_memory(name, model.memory_bytes)
        with self._lock:
            if self._current is not None and self._current.state == "fetching":
                raise NotFinished(f"{self._current.name} is being fetched; call that off first.")
            self._called_off.clear()
            begun = model.model_copy(update={"state": "fetching", "share": 0.0, "detail": ""})
            self._current = begun
        threading.Thread(target=self._fetch_and_serve, args=(name,), daemon=True).start()
        return begun

    def call_off(self, name: str) -> None:
        """Stop its download; what is here stays. Raises NotFound where it is not being fetched."""
        current = self._current
        if current is None or current.name != name or current.state != "fetching":
            raise NotFound(f"{name} is not being fetched.")
        self._called_off.set()

    def _fetch_and_serve(self, name: str) -> None:
        try:
            if name not in TITLES and name not in {local.name for local in hub.here()}:
                hub.fetch(name, self._progressed, self._called_off.is_set)
        except Cancelled:
            self._current = None
            return
        except Exception as error:
            log.warning("%s could not be fetched: %s", name, error)
            self._update(state="failed", share=None, detail=problem_of(error).detail)
            return
        self._current = None
        if self._stop is not None:
            self._stop()
        assert self._start is not None  # `load` asked
        settings = self._services.settings.model_copy(update={"model": name})
        self._stop = self._start(settings)

    def _progressed(self, count: int, total: int) -> None:
        self._update(share=count / total if total else 1.0, bytes=total)

    def _update(self, **facts: object) -> None:
        if self._current is not None:
            self._current = self._current.model_copy(update=facts)


def check_memory(name: str, needed: int) -> None:
    """Raises TooLarge where the machine has less free; a GPU's memory its worker checks."""
    free = available_bytes()
    if free and needed > free and not GPU.exists():
        raise TooLarge(
            f"{name} takes about {hub.gigabytes(needed)} of memory, and {hub.gigabytes(free)} are "
            "free here. Choose a smaller one, or run a worker on a larger machine."
        )


def _sized(name: str, state: State, count: int, about: str = "") -> Reachable:
    memory = round((ON_GPU if GPU.exists() else ON_CPU) * count)
    return Reachable(name=name, state=state, bytes=count, memory_bytes=memory, about=about)
