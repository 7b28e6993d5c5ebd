"""Signing in on the page: a token becomes a cookie, for images and streams that send no header."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel

from fretboard.core.settings import Settings
from fretboard.server.context import InServices
from fretboard.server.security.guard import COOKIE, SESSION, access_of, unauthorised
from fretboard.server.security.tokens import SESSION_SECONDS, Access, Tokens

router = APIRouter(prefix=SESSION, tags=["session"])  # open to everyone


class SignInState(BaseModel):
    """What this client may do here, and whether by a token."""

    signed_in: bool
    access: Literal["none", "read", "write"]
    embed: bool = False
    """Whether other sites may show a chart in a frame."""


@router.get("")
def session(request: Request, services: InServices) -> SignInState:
    """Who you are here."""
    access, settings = access_of(request), services.settings
    return _session_of(settings, access, signed_in=access > Tokens.of(settings).anyone)


@router.post("", response_model=SignInState)
def sign_in(
    request: Request, response: Response, services: InServices, token: Annotated[str, Form()]
) -> SignInState | Response:
    """Exchange a token for a cookie of this browser."""
    tokens = Tokens.of(services.settings)
    holder = tokens.holder(token.strip())
    if holder is None:
        return unauthorised("This token is not one of the server's. Check it for a slip.")
    response.set_cookie(
        COOKIE,
        tokens.session(token.strip()),
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return _session_of(services.settings, holder.access, signed_in=True)


@router.delete("", status_code=204, response_class=Response)
def sign_out(response: Response) -> None:
    """Forget the cookie."""
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")


def _session_of(settings: Settings, access: Access, signed_in: bool) -> SignInState:
    names: dict[Access, Literal["none", "read", "write"]] = {
        Access.NONE: "none",
        Access.READ: "read",
        Access.WRITE: "write",
    }
    return SignInState(signed_in=signed_in, access=names[access], embed=bool(settings.embed))
