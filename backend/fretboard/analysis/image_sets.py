"""An image set as it stands: its members' analyses, and the token chosen in each answer."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from fretboard.core.alignment import AlignedPosition, align, parse_role
from fretboard.core.analysis import Analysis, Status
from fretboard.core.arrays import Derived, MapKind
from fretboard.core.errors import InputError, NotFound
from fretboard.core.image_set import ImageSet, Member, MemberView, SetStatus, SetView
from fretboard.core.map_settings import MapSettings
from fretboard.core.question import AnalysisRequest
from fretboard.store.analyses import HIDDEN_STATES, AnalysisStore

FEWEST = 2  # images that a joint map or a dispersion needs
LOST = (
    "The analysis of this image was deleted, or its record is damaged. Ask the set again to have "
    "it made anew."
)


def view(store: AnalysisStore, image_set: ImageSet, role: str | None = None) -> SetView:
    """How far the set is; `role` replaces the set's own alignment. Raises InputError."""
    token = role or image_set.request.token
    read = _analyses(store, image_set)
    positions, warning = _positions(read, token)
    members = [
        _view(member, analysis, positions.get(index))
        for index, (member, analysis) in enumerate(zip(image_set.members, read, strict=True))
    ]
    return SetView(
        id=image_set.id,
        status=standing([member.status for member in members]),
        request=image_set.request,
        token=token,
        members=members,
        asked=_shared_request(read),
        warning=warning,
    )


def standing(members: Sequence[Status]) -> SetStatus:
    """Of a set by its members: running while one waits or runs, done with enough for a map."""
    if not all(status.over for status in members):
        return "running"
    return "done" if members.count(Status.DONE) >= FEWEST else "failed"


def member_statuses(store: AnalysisStore, image_set: ImageSet) -> list[Status]:
    """How each member stands; one that was refused or deleted has failed."""
    read = _analyses(store, image_set)
    return [analysis.status if analysis else Status.FAILED for analysis in read]


def aligned_members(
    store: AnalysisStore, image_set: ImageSet, role: str
) -> list[tuple[Analysis, int]]:
    """(analysis, token index) of every member whose answer has the position.

    Raises InputError where fewer than two do.
    """
    read = _analyses(store, image_set)
    positions, warning = _positions(read, role)
    aligned: list[tuple[Analysis, int]] = []
    for index, analysis in enumerate(read):
        token = positions[index].token if index in positions else None
        if analysis is not None and token is not None:
            aligned.append((analysis, token))
    if len(aligned) < FEWEST:
        raise InputError(
            f"{len(aligned)} answers have this token position; at least {FEWEST} are needed. "
            f"{warning or 'Choose another position.'}"
        )
    return aligned


def states_at(store: AnalysisStore, members: list[tuple[Analysis, int]]) -> np.ndarray:
    """(depth, image, width) hidden states of the members' token."""
    states = [store.read_sound(analysis, HIDDEN_STATES)[:, token] for analysis, token in members]
    return np.stack(states, axis=1)


def derived_of_set(
    store: AnalysisStore, image_set: ImageSet, role: str, kind: MapKind, settings: MapSettings
) -> Derived:
    """What a map of the set's finished answers is kept under. Raises as `aligned_members`."""
    if kind == "dispersion":  # of the original space: of the settings, depths and seed matter
        settings = MapSettings(seed=settings.seed, drop_first_depth=settings.drop_first_depth)
    members = aligned_members(store, image_set, role)
    states = " ".join(f"{analysis.id}:{token}" for analysis, token in members)
    digest = hashlib.sha256(states.encode()).hexdigest()[:16]
    return Derived(kind, settings=settings.text, role=role, of=digest)


def _shared_request(read: Sequence[Analysis | None]) -> AnalysisRequest | None:
    """What all analyses were asked, each of its own image; None where they differ."""
    own = {"image": None, "salt": None}
    requests = [analysis.request.model_copy(update=own) for analysis in read if analysis]
    return requests[0] if requests and all(request == requests[0] for request in requests) else None


def _analyses(store: AnalysisStore, image_set: ImageSet) -> list[Analysis | None]:
    """Of each member; None where it was refused or deleted."""

    def read(member: Member) -> Analysis | None:
        with suppress(NotFound):
            return store.read(member.analysis_id) if member.analysis_id is not None else None
        return None

    return [read(member) for member in image_set.members]


def _positions(
    read: Sequence[Analysis | None], role: str
) -> tuple[dict[int, AlignedPosition], str | None]:
    """The position of each finished member by its index, and what speaks against them."""
    parsed = parse_role(role)
    done = [
        (index, analysis)
        for index, analysis in enumerate(read)
        if analysis is not None and analysis.status == Status.DONE
    ]
    if not done:
        return {}, None
    alignment = align([[token.text for token in analysis.tokens] for _, analysis in done], parsed)
    places = [index for index, _ in done]
    return dict(zip(places, alignment.positions, strict=True)), alignment.warning


def _view(
    member: Member, analysis: Analysis | None, position: AlignedPosition | None
) -> MemberView:
    if analysis is None:
        lost = {"title": "Not found", "detail": LOST}
        error = member.error.model_dump() if member.error else lost
        return MemberView(
            name=member.name, analysis_id=member.analysis_id, error=error, status=Status.FAILED
        )
    return MemberView(
        name=member.name,
        analysis_id=member.analysis_id,
        error=analysis.error,
        status=analysis.status,
        answer=analysis.answer,
        token=position.token if position else None,
        word=position.word if position else None,
        note=position.reason if position else None,
    )
