"""How large a request may be: refused while it arrives, with an answer that reaches the client."""

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fretboard.core.errors import TooLarge
from fretboard.server.problems import problem

# Of a refused body, so many times the limit and so long are read and dropped; then it is cut off.
DRAINED, DRAIN_SECONDS = 10, 20.0


class BodyLimit:
    """ASGI middleware: a body over `limit` bytes is answered with 413 while it arrives."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._limit:
            await self._refuse(scope, receive, send)
            return
        received, more = 0, True

        async def counted() -> Message:
            nonlocal received, more
            message = await receive()
            received += len(message.get("body", b""))
            more = message.get("more_body", False)
            if received > self._limit:
                raise TooLarge(self._detail)
            return message

        async def unless_refused(message: Message) -> None:
            if received <= self._limit:
                await send(message)

        # The framework turns the exception into an answer of its own; ours replaces it.
        await self._app(scope, counted, unless_refused)
        if received > self._limit:
            await self._refuse(scope, receive, send, more)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, more: bool = True) -> None:
        """The rest is read first: clients that still send would see a reset, not the answer.

        more: whether there is a rest.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await _drain(receive, DRAINED * self._limit if more else 0)
        await problem(413, TooLarge.title, self._detail)(scope, receive, send)

    @property
    def _detail(self) -> str:
        return f"The request is larger than {self._limit // 2**20} MB. Upload a smaller image."


async def _drain(receive: Receive, most: int) -> None:
    while most > 0:
        message = await receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            return
        most -= len(message.get("body", b""))
