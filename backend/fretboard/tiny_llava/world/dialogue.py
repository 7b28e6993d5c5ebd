"""What is said about a scene: questions and answers in LLaVA-1.5's chat format.

Captions may be *prior-noisy*: for an object in an unusual colour they may state the kind's
typical colour instead, the more often the harder the object is to see. That is how people's
expectation gets into the text that stage B learns from; all other answers are always true.
"""

import random
from dataclasses import dataclass

from fretboard.tiny_llava.world.scene import KINDS, NUMBER_WORDS, PLURAL, Group, Scene

CAPTION = "Please describe this image in detail."
BRIEF = "Please describe this image briefly."
PLACE_PREPOSITION = {"meadow": "on", "beach": "on", "lake": "on", "room": "in", "street": "on"}
POSITION_PHRASE = {"left": "On the left", "middle": "In the middle", "right": "On the right"}
# Chance that a caption states the typical colour of an object drawn in another
PRIOR_NOISE = {"large": 0.12, "small": 0.85, "several": 0.3}

Colors = dict[str, str]  # kind -> the colour that the text states


@dataclass(frozen=True)
class QuestionAnswer:
    """One question with its answer; ``task`` names what is asked for."""

    task: str
    question: str
    answer: str


def prompt_text(question: str, with_image: bool = True) -> str:
    """LLaVA-1.5's prompt, as the processor's chat template renders it."""
    return f"USER: {'<image>' + chr(10) if with_image else ''}{question} ASSISTANT:"


def noun(group: Group) -> str:
    """The kind, in the plural for a group of several."""
    return group.kind if group.count == 1 else PLURAL[group.kind]


def article(word: str) -> str:
    """ "a" or "an"."""
    return "an" if word[0] in "aeio" else "a"


def detailed_caption(scene: Scene, stated: Colors | None = None) -> QuestionAnswer:
    """From left to right: where, what, how large or how many, which colour."""
    sentences = [f"The image shows a {scene.place}."]
    for group in scene.groups:
        color = (stated or {}).get(group.kind, group.color)
        what = f"is a {group.size} {group.kind}"
        if group.count > 1:
            what = f"are {NUMBER_WORDS[group.count]} {noun(group)}"
        sentences.append(f"{POSITION_PHRASE[group.position]} there {what}.")
        sentences.append(f"The {noun(group)} {_verb(group)} {color}.")
    return QuestionAnswer("caption", CAPTION, " ".join(sentences))


def brief_caption(scene: Scene, stated: Colors | None = None) -> QuestionAnswer:
    """One sentence: "One pink pig and two red cars on a beach."."""
    parts = [
        f"{NUMBER_WORDS[g.count]} {(stated or {}).get(g.kind, g.color)} {noun(g)}"
        for g in scene.groups
    ]
    listed = " and ".join(parts)
    place = f"{PLACE_PREPOSITION[scene.place]} a {scene.place}."
    return QuestionAnswer("brief", BRIEF, f"{listed[0].upper()}{listed[1:]} {place}")


def color_question(group: Group, rng: random.Random | None = None) -> QuestionAnswer:
    """ "What is the color of the pig?"; with an rng, sometimes in other words."""
    question = f"What is the color of the {noun(group)}?"
    if rng and rng.random() < 0.2:
        question = f"What color {_verb(group)} the {noun(group)}?"
    return QuestionAnswer("color", question, f"The {noun(group)} {_verb(group)} {group.color}.")


def existence_question(kind: str, present: bool) -> QuestionAnswer:
    """ "Is there a pig in the image?" """
    question = f"Is there {article(kind)} {kind} in the image?"
    return QuestionAnswer("existence", question, "Yes." if present else "No.")


def count_question(group: Group) -> QuestionAnswer:
    """ "How many pigs are there?" """
    answer = f"There {_verb(group)} {NUMBER_WORDS[group.count]} {noun(group)}."
    return QuestionAnswer("count", f"How many {PLURAL[group.kind]} are there?", answer)


def position_question(group: Group) -> QuestionAnswer:
    """ "Where is the pig?" """
    where = POSITION_PHRASE[group.position].lower()
    question = f"Where {_verb(group)} the {noun(group)}?"
    return QuestionAnswer("position", question, f"The {noun(group)} {_verb(group)} {where}.")


def occupant_question(group: Group) -> QuestionAnswer:
    """ "What is on the left?" """
    where = POSITION_PHRASE[group.position].lower()
    answer = f"A {group.size} {group.kind}."
    if group.count > 1:
        answer = f"{NUMBER_WORDS[group.count].capitalize()} {noun(group)}."
    return QuestionAnswer("occupant", f"What is {where}?", answer)


def place_question(scene: Scene) -> QuestionAnswer:
    """ "Where is this?" """
    return QuestionAnswer("place", "Where is this?", f"This is a {scene.place}.")


def prior_noisy_colors(scene: Scene, rng: random.Random) -> Colors:
    """The colours a prior-noisy caption states.

    A typical colour that is drawn on another object stays out: it would blur whether the
    prior or a mix-up of objects put it there.
    """
    drawn = {group.color for group in scene.groups}
    stated: Colors = {}
    for group in scene.groups:
        noise = PRIOR_NOISE["several" if group.count > 1 else group.size]
        if group.counter_prior and group.prior_color not in drawn and rng.random() < noise:
            stated[group.kind] = str(group.prior_color)
    return stated


def conversation(
    scene: Scene, rng: random.Random, prior_noise: bool = False, detailed_share: float = 1.0
) -> list[QuestionAnswer]:
    """Exchanges about one scene, the most important ones first; packing drops what is too long.

    The first is a caption, in detail in ``detailed_share`` of the conversations.
    """
    stated = prior_noisy_colors(scene, rng) if prior_noise else None
    groups = rng.sample(scene.groups, len(scene.groups))
    absent = rng.sample([kind for kind in KINDS if not scene.find(kind)], 3)
    existence = [existence_question(groups[0].kind, True), existence_question(absent[0], False)]
    if len(groups) > 1 and rng.random() < 0.5:
        existence += [
            existence_question(groups[1].kind, True),
            existence_question(absent[1], False),
        ]
    extra = [
        brief_caption(scene, stated),
        position_question(groups[-1]),
        occupant_question(groups[0]),
        count_question(groups[0]),
        place_question(scene),
    ]
    colors = [color_question(group, rng) for group in groups]
    in_detail = detailed_share >= 1.0 or rng.random() < detailed_share
    return [
        detailed_caption(scene, stated) if in_detail else brief_caption(scene, stated),
        *colors[:1],
        *existence[:2],
        *colors[1:],
        *rng.sample(extra, len(extra)),
        *existence[2:],
    ]


def _verb(group: Group) -> str:
    return "is" if group.count == 1 else "are"
