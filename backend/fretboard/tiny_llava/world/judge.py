"""What a caption or answer says of a scene, held against what is drawn. No torch."""

from collections.abc import Collection, Hashable, Sequence
from typing import Literal, TypeVar

from fretboard.tiny_llava.world.dialogue import CAPTION, noun
from fretboard.tiny_llava.world.scene import Group, Scene

Outcome = Literal["true", "prior", "other"]
Piece = TypeVar("Piece", bound=Hashable)  # a token id, or a word


def color_position(
    said: Sequence[Piece], noun_piece: Piece, colors: Collection[Piece], question: str
) -> int | None:
    """Index of the colour word for a noun: after its last mention, or before it when brief."""
    mentions = [i for i, piece in enumerate(said) if piece == noun_piece]
    if not mentions:
        return None
    at = mentions[-1] + (2 if question == CAPTION else -1)
    return at if 0 <= at < len(said) and said[at] in colors else None


def color_outcome(group: Group, stated: str) -> Outcome:
    """Whether the stated colour is the drawn one, else the kind's typical one, else another."""
    if stated == group.color:
        return "true"
    return "prior" if stated == group.prior_color else "other"


def kind_recall(scene: Scene, caption: str) -> float:
    """Share of the drawn groups whose noun the caption mentions."""
    words = set(caption.lower().replace(".", " ").split())
    named = [bool({group.kind, noun(group)} & words) for group in scene.groups]
    return sum(named) / len(named)
