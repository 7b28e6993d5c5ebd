"""What is asked of a picture and what is answered: every answer follows from the truth alone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .kinds import article, related

Thing = dict[str, Any]
WHAT = (
    "What is in the image?", "What is this?", "What do you see?", "What do you see in the image?",
    "What does the image show?", "What is shown in the image?", "What can be seen in this picture?",
)  # fmt: skip
DESCRIBE = (
    "Describe the image.", "Describe this picture.", "Describe the image briefly.",
    "Describe what you see.",
)  # fmt: skip
COLOUR = ("What color is the {}?", "What colour is the {}?", "Which color does the {} have?")
PLACE = ("Where is the {}?", "Where is the {} in the image?", "On which side is the {}?")
EXISTS = ("Is there {} in the image?", "Is there {}?", "Can you see {}?", "Does the image show {}?")
AT = ("What is on the {}?", "What can be seen on the {}?", "What is on the {} of the image?")
NOTHING = "I cannot make out anything in the image."
AT_PLACE = {"left": "on the left", "middle": "in the middle", "right": "on the right"}
SIDE = {"left": "left", "right": "right"}


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question, its answer, and the words of the answer that carry what was seen."""

    question: str
    answer: str
    content: tuple[str, ...] = ()


def about_things(
    things: Sequence[Thing], absent: Sequence[str], chance: random.Random
) -> list[Exchange]:
    """Exchanges about a scene's things (left to right); ``absent`` are nouns to ask for in vain."""
    listed = [_what(things, chance), _describe(things, chance)]
    present = chance.choice(things)["noun"]
    listed += [exists(present, chance), absent_exchange(absent[0], chance)]
    if chance.random() < 0.4:
        listed += [
            exists(chance.choice(things)["noun"], chance),
            absent_exchange(absent[1], chance),
        ]
    coloured = [thing for thing in things if thing["colour"]]
    listed += [_colour(thing, chance) for thing in chance.sample(coloured, min(len(coloured), 2))]
    placed = [thing for thing in things if thing["place"]]
    listed += [_place(thing, chance) for thing in placed]
    if len(placed) > 1:
        listed += [_at(thing, chance) for thing in placed if thing["place"] in SIDE][:1]
    if chance.random() < 0.2:
        listed.append(_missing(absent[2], chance))
    chance.shuffle(listed)
    return listed


def about_noun(noun: str, absent: Sequence[str], chance: random.Random) -> list[Exchange]:
    """Exchanges about a picture of which only the main object is known."""
    named = article(noun)
    listed = [
        Exchange(chance.choice(WHAT), f"There is {named} in the image.", (noun,)),
        Exchange(chance.choice(DESCRIBE), f"The image shows {named}.", (noun,)),
        exists(noun, chance),
        absent_exchange(absent[0], chance),
    ]
    if chance.random() < 0.5:
        listed.append(_missing(absent[1], chance))
    chance.shuffle(listed)
    return listed


def about_nothing(absent: Sequence[str], chance: random.Random) -> list[Exchange]:
    """Exchanges about a picture in which nothing can be made out."""
    listed = [
        Exchange(chance.choice(WHAT), NOTHING, ("I cannot",)),
        Exchange(chance.choice(DESCRIBE), NOTHING, ("I cannot",)),
        absent_exchange(absent[0], chance),
        absent_exchange(absent[1], chance),
        _missing(absent[2], chance),
    ]
    chance.shuffle(listed)
    return listed


def exists(noun: str, chance: random.Random) -> Exchange:
    """The question for a noun that is there."""
    named = article(noun)
    return Exchange(
        chance.choice(EXISTS).format(named), f"Yes, there is {named} in the image.", ("Yes",)
    )


def absent_exchange(noun: str, chance: random.Random) -> Exchange:
    """The question for a noun that isn't there."""
    question = chance.choice(EXISTS).format(article(noun))
    return Exchange(question, f"No, there is no {noun} in the image.", ("No",))


def choose_absent(
    nouns: Sequence[str], present: Sequence[str], count: int, chance: random.Random
) -> list[str]:
    """Nouns that are not in the picture, nor the same thing under another name."""
    chosen: list[str] = []
    while len(chosen) < count:
        noun = "person" if chance.random() < 0.04 else chance.choice(nouns)
        if not any(related(noun, other) for other in [*present, *chosen]):
            chosen.append(noun)
    return chosen


def _what(things: Sequence[Thing], chance: random.Random) -> Exchange:
    nouns = [thing["noun"] for thing in things]
    listed = _listed([article(noun) for noun in nouns])
    return Exchange(chance.choice(WHAT), f"There is {listed} in the image.", tuple(nouns))


def _describe(things: Sequence[Thing], chance: random.Random) -> Exchange:
    parts, content = [], []
    for thing in things:
        named = article(thing["noun"], thing["colour"])
        parts.append(f"{named} {AT_PLACE[thing['place']]}" if thing["place"] else named)
        content += [word for word in (thing["colour"], thing["noun"], thing["place"]) if word]
    return Exchange(chance.choice(DESCRIBE), f"The image shows {_listed(parts)}.", tuple(content))


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def _colour(thing: Thing, chance: random.Random) -> Exchange:
    noun, colour = thing["noun"], thing["colour"]
    return Exchange(chance.choice(COLOUR).format(noun), f"The {noun} is {colour}.", (colour,))


def _place(thing: Thing, chance: random.Random) -> Exchange:
    noun, place = thing["noun"], AT_PLACE[thing["place"]]
    return Exchange(chance.choice(PLACE).format(noun), f"The {noun} is {place}.", (place,))


def _at(thing: Thing, chance: random.Random) -> Exchange:
    side = thing["place"]
    answer = f"There is {article(thing['noun'])} on the {side}."
    return Exchange(chance.choice(AT).format(side), answer, (thing["noun"],))


def _missing(noun: str, chance: random.Random) -> Exchange:
    """A question that takes for granted what isn't there."""
    question = chance.choice((*COLOUR, *PLACE)).format(noun)
    return Exchange(question, f"There is no {noun} in the image.", ("no",))
