"""Who asks, and whether they may: one middleware before everything else."""

import ipaddress
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from fretboard.core.settings import Settings, split_words
from fretboard.server.problems import problem
from fretboard.server.security.rate_limits import Limits
from fretboard.server.security.tokens import Access, Principal, Tokens

PRINCIPAL = "fretboard.principal"  # the guard's finding, in the ASGI scope
COOKIE = "fretboard_session"
SESSION = "/api/session"  # signing in must be possible before one may do anything else
SAFE = frozenset(["GET", "HEAD", "OPTIONS"])
NEEDED = {Access.READ: "a read or write token", Access.WRITE: "a write token"}


def client_of(connection: HTTPConnection) -> str:
    """One name per client, for limits and fair order: its token's hash, else its address."""
    principal: Principal | None = connection.scope.get(PRINCIPAL)
    return principal.name if principal is not None else address_of(connection)


def access_of(connection: HTTPConnection) -> Access:
    """What the guard found that the client may do."""
    principal: Principal | None = connection.scope.get(PRINCIPAL)
    return principal.access if principal is not None else Access.NONE


def address_of(connection: HTTPConnection) -> str:
    """`address:…`; an IPv6 client is its /64, which is one household's, not one machine's."""
    host = connection.client.host if connection.client else "unknown"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"address:{host}"
    if isinstance(address, ipaddress.IPv6Address) and not address.is_loopback:
        return f"address:{ipaddress.ip_network((address.packed, 64), strict=False)}"
    return f"address:{address}"


class Guard:
    """ASGI middleware: host name, origin of writes, token, limit; in this order."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._tokens = Tokens.of(settings)
        self._limits = Limits.of(settings)
        self._hosts = frozenset(split_words(settings.allowed_hosts))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        refusal = self._foreign(request) or await self._unwelcome(request)
        await (refusal or self._app)(scope, receive, send)

    def _foreign(self, request: Request) -> Response | None:
        """Asked under another's name, or written to by another site's page."""
        name = request.headers.get("host", "")
        if self._hosts and not _answers_to(name, self._hosts):
            detail = (
                f"This server does not answer to {name!r}. Open it under its own name, or have "
                "the operator add this one to FRETBOARD_ALLOWED_HOSTS."
            )
            return problem(403, "Another host's name", detail)
        if request.method not in SAFE and _from_another_site(request, name):
            detail = "A page of another site may not write here. Use Fretboard's own page."
            return problem(403, "From another site", detail)
        return None

    async def _unwelcome(self, request: Request) -> Response | None:
        """Without the token that is needed, or too often."""
        path = request.scope["path"]
        if not (path.startswith("/api/") or path == "/metrics"):
            return None
        principal = self._identified(request)
        if principal is not None:
            request.scope[PRINCIPAL] = principal
        kind = "read" if request.method in SAFE else "write"
        wait = await self._limits.wait(kind, client_of(request))
        if wait:
            return _too_often(wait)
        if principal is None:
            return unauthorised("This token is not one of the server's. Check it, or ask for one.")
        needed = Access.READ if kind == "read" else Access.WRITE
        if path == SESSION or principal.access >= needed:
            return None
        if principal.access == self._tokens.anyone:
            return unauthorised(f"This needs {NEEDED[needed]}. Sign in with one.")
        return _too_little()

    def _identified(self, request: Request) -> Principal | None:
        """None where a wrong token was given; an old cookie is as good as none."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if self._tokens and scheme.lower() == "bearer":
            return self._tokens.holder(token.strip())
        cookie = request.cookies.get(COOKIE, "")
        signed_in = self._tokens.of_session(cookie)
        return signed_in or Principal(address_of(request), self._tokens.anyone)


def local_hosts(settings: Settings) -> Settings:
    """On loopback without tokens: only local names, against DNS rebinding, unless told otherwise.

    A web site could else let its own name point at 127.0.0.1 and read and write here.
    """
    if settings.allowed_hosts == "*":
        return settings.model_copy(update={"allowed_hosts": ""})
    if settings.allowed_hosts or Tokens.of(settings) or not settings.on_loopback:
        return settings
    return settings.model_copy(update={"allowed_hosts": "localhost"})


def _from_another_site(request: Request, name: str) -> bool:
    """What the browser itself says where it does, else whether Origin and Host differ.

    Programs send neither header.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and origin.partition("://")[2] != name


def _answers_to(host: str, names: frozenset[str]) -> bool:
    """Whether a Host header's name is one of `names`, or an address: those cannot be re-bound."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        ipaddress.ip_address(name)
    except ValueError:
        return host.partition(":")[0].lower() in names
    return True


def unauthorised(detail: str) -> Response:
    """401: no token, or a wrong one."""
    refusal = problem(401, "Sign in first", detail)
    refusal.headers["WWW-Authenticate"] = 'Bearer realm="fretboard"'
    return refusal


def _too_little() -> Response:
    refusal = problem(403, "This token may only read", "Sign in with a write token to do this.")
    refusal.headers["WWW-Authenticate"] = 'Bearer error="insufficient_scope"'
    return refusal


def _too_often(seconds: int) -> Response:
    detail = f"This is more than one client may ask at a time. Try again in {seconds} s."
    refusal = problem(429, "Too many requests", detail)
    refusal.headers["Retry-After"] = str(seconds)
    return refusal
