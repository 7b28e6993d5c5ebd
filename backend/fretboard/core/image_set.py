"""Image sets: several images, one question; each image an ordinary analysis."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from fretboard.core.analysis import SCHEMA_VERSION, Document, Problem, Status, content_id
from fretboard.core.question import AnalysisRequest

SetStatus = Literal["running", "done", "failed"]
Rule = Annotated[str, Field(min_length=1, max_length=100)]


class Member(BaseModel):
    """One image of a set: its analysis, or why it was refused."""

    model_config = ConfigDict(frozen=True)

    name: str
    analysis_id: str | None = None
    error: Problem | None = None


class SetRequest(BaseModel):
    """What was asked of every image; `token` is the default alignment (`alignment.parse`)."""

    model_config = ConfigDict(frozen=True)

    prompt: str
    model: str
    token: Rule
    salt: str | None = None
    """Of a private set: its id is unguessable, and so are those of its analyses."""


class ImageSet(Document):
    """The record of a set; how far its members are is read from their analyses."""

    schema_version: int = SCHEMA_VERSION
    request: SetRequest
    members: list[Member]


class MemberView(Member):
    """A member with its answer, and the token that the alignment chose in it."""

    status: Status
    answer: str | None = None
    token: int | None = None
    word: str | None = None
    note: str | None = None
    """Why no token was chosen."""


class SetView(BaseModel):
    """A set as it stands: done as soon as no member is waiting or running."""

    id: str
    status: SetStatus
    request: SetRequest
    token: str
    """The alignment in force."""
    members: list[MemberView]
    asked: AnalysisRequest | None = None
    """What its analyses were asked alike: lens, skipped layers, repair …; None: not alike."""
    warning: str | None = None
    """Where the answers do not align."""


def make_set(request: SetRequest, members: Sequence[Member]) -> ImageSet:
    """The set of these members; the same image twice would be two points in one place."""
    seen: dict[str, str] = {}
    kept = []
    for member in members:
        first = seen.setdefault(member.analysis_id, member.name) if member.analysis_id else None
        if first is None or first is member.name:
            kept.append(member)
            continue
        note = Problem(title="Twice", detail=f"This is the same image and question as {first}.")
        kept.append(Member(name=member.name, error=note))
    return ImageSet(id=set_id(request, kept), request=request, members=kept)


def set_id(request: SetRequest, members: list[Member]) -> str:
    """Content id: the same question, alignment and analyses in the same order."""
    plain = {"salt"} if request.salt is None else set()  # younger than the first ids
    canonical = {
        "schema": SCHEMA_VERSION,
        "request": request.model_dump(mode="json", exclude=plain),
        "members": [member.analysis_id or member.name for member in members],
    }
    return content_id(canonical)
