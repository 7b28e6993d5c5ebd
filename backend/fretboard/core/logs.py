"""Log lines for people, or one JSON object a line (`FRETBOARD_LOG_JSON=true`).

Lines about an analysis carry its id as `analysis`: structlog's context variables, bound by the
worker around each piece of work and by the web process around each request.
"""

import logging
from contextlib import suppress
from pathlib import Path
from traceback import format_exception

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from fretboard.core.notes import notes_folder

QUIET = ("httpx", "httpcore", "urllib3", "filelock", "openTSNE")
ACCESS = "uvicorn.access"
LAST_ERROR = "last-error.log"
ACCESS_FIELDS = ("client", "method", "path", "http", "status")  # as uvicorn gives them


def configure_logs(as_json: bool) -> None:
    """Send the standard library's records through structlog."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
        _access(fields=as_json),
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            pass_foreign_args=True,  # for _access, which takes them out again
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _access(fields: bool) -> Processor:
    """uvicorn's access lines without the query, where a secret may have been typed."""

    def process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        arguments = event.pop("positional_args", ())
        if event["_record"].name == ACCESS and len(arguments) == len(ACCESS_FIELDS):
            request = dict(zip(ACCESS_FIELDS, arguments, strict=True))
            request["path"] = str(request["path"]).partition("?")[0]
            event["event"] = "{client} {method} {path} {status}".format(**request)
            event.update(request if fields else {})
        return event

    return process


def keep_traceback(error: BaseException) -> Path:
    """The last traceback of a command, in the user's cache folder; returns the file."""
    path = notes_folder() / LAST_ERROR
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(format_exception(error)), encoding="utf-8")
    return path
