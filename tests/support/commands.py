"""`fretboard …` in this process: settings of its own, and the logs as they were afterwards."""

import logging
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from tempfile import gettempdir

from typer.testing import CliRunner, Result

from fretboard.cli.main import app
from fretboard.core.errors import FretboardError
from fretboard.core.settings import get_settings


def run_command(*arguments: object, **environment: str) -> Result:
    """Its exit status and what it printed; an error of ours as `main` tells it."""
    own = {"REDIS_URL": None, "FRETBOARD_DEVICE": "cpu"} | environment
    with _apart(), chdir(gettempdir()):  # no `.env` of a developer's there
        done = CliRunner().invoke(app, [str(one) for one in arguments], env=own)
    if isinstance(done.exception, FretboardError):
        done.exception = SystemExit(f"{done.exception.title}: {done.exception.detail}")
    return done


@contextmanager
def _apart() -> Iterator[None]:
    """A command sends the logs to its own output, which is closed behind it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    get_settings.cache_clear()
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.handlers, root.level = handlers, level
        get_settings.cache_clear()
