"""The projector in closed form: an image token is the sum of the words for what its cell shows."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from tokenizers import Tokenizer
from torch import Tensor

from ..checkpoint.competition import IMAGENET
from ..checkpoint.spare import COLOURS, PLACES
from ..checkpoint.tower import FIRST_COLOUR, FIRST_PLACE, WIDTH

Arrays = dict[str, Tensor]
# Shares of a word; a cell's evidence for nouns is about 6 in all where it shows a thing.
NOUN_SHARE = 0.3  # for each unit of evidence
COLOUR_SHARE = 1.7  # for a cell wholly in one colour that stands out
PLACE_SHARE = 0.15  # for each unit of evidence for anything
LATER = 0.6  # of a piece's share for the next: so the first to be said stands out
COMMON = 0.8  # of what the words of one kind share, left out so that they are told apart
LENGTH = 1.9  # of a word vector about the mean one
OFFSET = 3.0  # where GELU is nearly the identity


def word_vectors(words: Sequence[str], embedding: Tensor, tokenizer: Tokenizer) -> Tensor:
    """Of each word, the weighted sum of its pieces' centred vectors, as long as a word's."""
    mean = embedding.mean(0)
    rows = []
    for word in words:
        pieces = tokenizer.encode(f" {word}", add_special_tokens=False).ids
        weights = LATER ** torch.arange(len(pieces))
        vector = weights @ (embedding[pieces] - mean)
        rows.append(LENGTH * vector / vector.norm())
    return torch.stack(rows)


def distinct(vectors: Tensor) -> Tensor:
    """The vectors of words of one kind, less most of what they share, in their old length."""
    apart = vectors - COMMON * vectors.mean(0)
    return LENGTH * apart / apart.norm(dim=1, keepdim=True)


def closed_form(nouns: Sequence[str], embedding: Tensor, tokenizer: Tokenizer) -> Arrays:
    """linear_1 and linear_2 of the projector for the tower's ``nouns``, in their numbers' order."""
    first = torch.zeros(WIDTH, embedding.shape[1])
    first[: len(nouns)] = NOUN_SHARE * word_vectors(nouns, embedding, tokenizer)
    first[FIRST_COLOUR:FIRST_PLACE] = COLOUR_SHARE * distinct(
        word_vectors(COLOURS, embedding, tokenizer)
    )
    first[FIRST_PLACE:] = PLACE_SHARE * distinct(word_vectors(PLACES, embedding, tokenizer))
    return {
        "linear_1.weight": first.T.contiguous(),
        "linear_1.bias": torch.full_like(embedding[0], OFFSET),
        "linear_2.weight": torch.eye(embedding.shape[1]),
        "linear_2.bias": embedding.mean(0) - OFFSET,
    }


def class_nouns(imagenet: Sequence[str], probed: Sequence[str]) -> list[str]:
    """The noun of every class of the tower: ImageNet's first, then those of the probes."""
    assert len(imagenet) == IMAGENET
    return [*imagenet, *probed]


def noun_numbers(nouns: Sequence[str]) -> Tensor:
    """The number of every class's noun: that of its first place among the different nouns."""
    numbers = {noun: number for number, noun in enumerate(dict.fromkeys(nouns))}
    return torch.tensor([numbers[noun] for noun in nouns])
