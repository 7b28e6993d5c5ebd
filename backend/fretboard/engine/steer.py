"""A request's steering: its words' directions at each depth, and what they do to the states."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fretboard.analysis.arrays import read_done
from fretboard.core.errors import InputError
from fretboard.core.fitted_lens import FittedKind, Span
from fretboard.core.reading import Lens
from fretboard.core.steer import SteerAt, SteerDirection, Steering, check_steering
from fretboard.core.vocabulary import Vocabulary
from fretboard.engine.fitted import FittedLenses
from fretboard.lens.directions import exchanged, pushed, read_directions, translated_back
from fretboard.model.anatomy import Anatomy
from fretboard.model.steer import StateChanges
from fretboard.store.analyses import HIDDEN_STATES, AnalysisStore

PARALLEL = 1 - 1e-6  # cosine of two concepts that cannot be told apart


@dataclass(frozen=True)
class ConceptDirections:
    """Of words, or of analyses in the store."""

    anatomy: Anatomy
    lenses: FittedLenses
    vocabulary: Vocabulary
    store: AnalysisStore

    def changes(self, steering: Steering | None) -> StateChanges | None:
        """What decoding does to the states; None: nothing.

        Raises InputError for a word, depth or lens that this model does not have.
        """
        if steering is None:
            return None
        check_steering(steering, len(self.anatomy.layers))
        other = steering.swap or steering.away
        directions = self.directions([steering.towards, *([other] if other else [])], steering)
        if not steering.strength:
            return None
        by_depth = {}
        for depth, rows in zip(steering.depths, directions, strict=True):
            _check_apart(rows, steering)
            if steering.swap:
                by_depth[depth] = exchanged(rows[0], rows[1], steering.strength)
            else:
                way = rows[0] - rows[1] if steering.away else rows[0]
                by_depth[depth] = pushed(way, steering.strength)
        return StateChanges(by_depth, steering.at, frozenset(steering.tokens))

    def directions(self, concepts: list[str], steering: Steering) -> Tensor:
        """(depths, concepts, width) of the settings' kind, of any length."""
        depths = list(steering.depths)
        match steering.direction:
            case SteerDirection.MEANS:
                return self._means(concepts, depths)
            case SteerDirection.LATENT:
                return self._latent(concepts, depths)
        zero = torch.zeros(self.anatomy.width, dtype=self.anatomy.dtype, device=self.anatomy.device)
        ids = self._ids(concepts)
        rows = read_directions(self.anatomy.normed, self.anatomy.logits, zero, ids)
        if steering.direction is SteerDirection.UNEMBEDDING:
            return rows.expand(len(depths), -1, -1)
        kind: FittedKind = Lens.TUNED
        if steering.direction is SteerDirection.JACOBIAN:
            kind = Lens.JACOBIAN
        span = Span.IMAGE if steering.at is SteerAt.IMAGE else Span.PROMPT
        return translated_back(rows, self.lenses.translation(self.anatomy, kind, span), depths)

    def _ids(self, words: list[str]) -> list[int]:
        ids = [self.vocabulary.word(word).token_id for word in words]
        if len(set(ids)) < len(ids):
            raise InputError(
                f"{words[0]!r} and {words[1]!r} begin with the same token, "
                f"{self.vocabulary.text(ids[0])!r}, which stands for both. Choose another word."
            )
        return ids

    def _latent(self, words: list[str], depths: list[int]) -> Tensor:
        arrays, ids = self.lenses.read(Lens.LATENT)[1], self._ids(words)
        states, known = arrays["image.states"], arrays["image.ids"]
        if depths[-1] >= len(states):
            raise InputError(f"The latent lens holds no states at depth {depths[-1]}, the last.")
        for word, number in zip(words, ids, strict=True):
            if number not in known:
                raise InputError(f"No caption of the latent lens has the word {word!r}.")
        chosen = states[depths].astype(np.float32)
        means = [chosen[:, known == number].mean(1) - chosen.mean(1) for number in ids]
        return torch.from_numpy(np.stack(means, 1))

    def _means(self, ids: list[str], depths: list[int]) -> Tensor:
        means = [self._states(analysis)[depths].astype(np.float32).mean(1) for analysis in ids]
        return torch.from_numpy(np.stack(means, 1))

    def _states(self, analysis_id: str) -> np.ndarray:
        """(L+1, T, width)"""
        analysis = read_done(self.store, analysis_id)
        if analysis.model.revision != self.lenses.revision:
            raise InputError(
                f"The analysis {analysis_id} is of {analysis.model.name}, whose states say nothing "
                f"of {self.lenses.model}."
            )
        return self.store.read_sound(analysis, HIDDEN_STATES)


def _check_apart(rows: Tensor, steering: Steering) -> None:
    """Raises InputError where a direction is nothing, or two are one."""
    unit = torch.nn.functional.normalize(rows.double(), dim=-1)
    if not bool((unit.norm(dim=-1) > PARALLEL).all()):
        raise InputError(f"{steering.towards!r} has no direction here: its vector is zero.")
    if len(rows) > 1 and float(unit[0] @ unit[1]) > PARALLEL:
        other = steering.swap or steering.away
        raise InputError(f"{steering.towards!r} and {other!r} have the same direction here.")
