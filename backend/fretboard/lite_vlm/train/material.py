"""Everything a training step draws from: the bank, class evidence, the projector, replayed text."""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from ..checkpoint.competition import FULL, IMAGENET, Competition, competition
from ..checkpoint.surroundings import CLASS, COLOUR, PROBE
from ..checkpoint.tower import FIRST_COLOUR, FIRST_PLACE, GRID, WIDTH
from .bank import Item
from .directions import Directions
from .kinds import related
from .questions import Exchange, about_nothing, about_noun, about_things, choose_absent
from .sequences import Packed, Packer

LONGEST = 216  # tokens of a sequence: the template and the picture, then exchanges
THIRDS = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2])  # of the cells of a row
TEXTS = 6  # exchanges of a sequence without a picture


def evidence(
    features: Tensor, colours: Tensor, classes: tuple[Tensor, Tensor], rules: Competition
) -> Tensor:
    """What leaves the tower (cells x width) from a picture's features and colours, cell by cell;
    ``classes`` are the weights and biases of all of them."""
    weight, bias = classes
    logits = features @ weight.T + bias
    around = CLASS.matrix() @ logits[:, :IMAGENET], PROBE.matrix() @ logits[:, IMAGENET:]
    nouns, anything = rules.evidence(torch.cat(around, 1))
    standing_out = (COLOUR.matrix() @ colours).clamp(0, 6)
    output = torch.zeros(len(features), WIDTH)
    output[:, : nouns.shape[1]] = nouns
    output[:, FIRST_COLOUR:FIRST_PLACE] = (standing_out - (1 - anything / FULL).relu()).relu()
    output[:, FIRST_PLACE:] = anything * functional.one_hot(THIRDS.repeat(GRID), 3)
    return output


class Material:
    """Draws packed sequences of each kind; ``classes`` are the tower's (weight, bias), ``nouns``
    the number of the noun of each."""

    def __init__(
        self,
        items: Sequence[Item],
        classes: tuple[Tensor, Tensor],
        nouns: Tensor,
        directions: Directions,
        packer: Packer,
        texts: Sequence[Exchange],
    ) -> None:
        self._by_kind: dict[str, list[Item]] = {}
        for item in items:
            self._by_kind.setdefault(item.truth["kind"], []).append(item)
        self._classes, self._directions = classes, directions
        self._rules = competition(nouns)
        self._packer, self._texts = packer, texts
        self._seen = sorted(
            {thing["noun"] for item in items for thing in item.truth.get("things", ())}
        )
        self._nouns = sorted({*self._seen, *directions.nouns, "person"})

    def draw(self, kind: str, chance: random.Random) -> Packed:
        """One sequence: "scene", "noun", "photograph", "nothing" or "text"."""
        if kind == "text":
            return self._packer.pack(None, chance.sample(self._texts, TEXTS), LONGEST)
        if kind == "noun":
            return self._noun(chance)
        item = chance.choice(self._by_kind[kind])
        features, colours = _arrays(item)
        return self._pack(features, colours, self._about(item, chance), chance)

    def _about(self, item: Item, chance: random.Random) -> list[Exchange]:
        truth = item.truth
        if truth["kind"] == "nothing":
            return about_nothing(choose_absent(self._nouns, [], 3, chance), chance)
        if truth["kind"] == "photograph":
            return about_noun(truth["noun"], self._absent([truth["noun"]], chance), chance)
        nouns = [thing["noun"] for thing in truth["things"]]
        return about_things(truth["things"], self._absent(nouns, chance), chance)

    def _absent(self, present: list[str], chance: random.Random) -> list[str]:
        """Mostly things that other scenes show, so that a noun alone doesn't tell the answer."""
        pool = self._seen if any(noun in self._seen for noun in present) else self._nouns
        return choose_absent(pool, present, 3, chance)

    def _noun(self, chance: random.Random) -> Packed:
        background = chance.choice(self._by_kind["background"] + self._by_kind["nothing"])
        features, colours = _arrays(background)
        noun = chance.choice(self._directions.nouns)
        features = self._directions.draw(features, noun, chance)
        absent = [other for other in self._absent([noun], chance) if not related(other, noun)]
        return self._pack(features, colours, about_noun(noun, absent, chance), chance)

    def _pack(
        self, features: Tensor, colours: Tensor, exchanges: list[Exchange], chance: random.Random
    ) -> Packed:
        image = evidence(features, colours, self._classes, self._rules)
        if self._texts and chance.random() < 0.06:  # a plain question beside a picture
            exchanges.insert(0, chance.choice(self._texts))
        return self._packer.pack(image, exchanges, LONGEST)


def _arrays(item: Item) -> tuple[Tensor, Tensor]:
    assert len(item.features) == GRID * GRID
    return torch.from_numpy(item.features).float(), torch.from_numpy(item.colours).float()
