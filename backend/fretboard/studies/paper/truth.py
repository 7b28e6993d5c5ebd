"""Colours that an answer states for drawn objects, held against the scene."""

from dataclasses import dataclass

from fretboard.core.analysis import Analysis, Token
from fretboard.tiny_llava.world.dialogue import CAPTION, noun
from fretboard.tiny_llava.world.judging import Outcome, color_outcome, color_position
from fretboard.tiny_llava.world.scene import COLORS, Group, Scene


@dataclass(frozen=True)
class Stated:
    """A colour word about a drawn group; `outcome` prior: the kind's typical colour, untrue."""

    group: Group
    token: Token
    outcome: Outcome


def stated_colors(analysis: Analysis, scene: Scene) -> list[Stated]:
    """Every group whose colour the detailed caption states."""
    words = [token.text.strip() for token in analysis.tokens]
    found = []
    for group in scene.groups:
        at = color_position(words, noun(group), COLORS, CAPTION)
        if at is not None:
            found.append(Stated(group, analysis.tokens[at], color_outcome(group, words[at])))
    return found
