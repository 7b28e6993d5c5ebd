"""Emitted tokens → readouts and hidden states, in small groups while the model generates."""

import time

import ml_dtypes
import numpy as np
import torch
from torch import Tensor

from fretboard.core.arrays import TOP_K
from fretboard.core.errors import InputError
from fretboard.engine.numbers import check_arrays
from fretboard.lens.readout import Readout, VocabularyLens, concatenate, read_out, tokens_at_once
from fretboard.model.generation import Step

TOKENS_AT_ONCE = 16  # a page that follows the answer should not wait longer for its numbers


class StreamingReader:
    """Reads tokens out in small groups while the model generates; keeps only hidden states."""

    def __init__(self, lens: VocabularyLens, depths: int) -> None:
        self._lens = lens
        self._group = min(tokens_at_once(depths, lens.vocabulary), TOKENS_AT_ONCE)
        self._waiting: list[Step] = []
        self._readouts: list[Readout] = []
        self._hidden: list[Tensor] = []
        self._ids: list[int] = []
        self.seconds = 0.0

    def take(self, step: Step) -> None:
        """Add one token; a full group is read out at once. Raises NoNumbers."""
        self._ids.append(step.token_id)
        self._waiting.append(step)
        if len(self._waiting) >= self._group:
            self._read()

    def finish(self) -> tuple[Readout, np.ndarray, list[int]]:
        """(readout, hidden states (L+1, T, width) in the model's dtype, emitted ids)."""
        if self._waiting:
            self._read()
        if not self._readouts:
            raise InputError("The model gave no token. Ask for more new tokens.")
        return concatenate(self._readouts), to_numpy(torch.cat(self._hidden, dim=1)), self._ids

    def _read(self) -> None:
        started = time.perf_counter()
        states = torch.stack([step.states for step in self._waiting], dim=1)
        emitted = torch.tensor([step.token_id for step in self._waiting])
        readout = read_out(self._lens, states, emitted, TOP_K)
        check_arrays(readout.arrays())
        self._readouts.append(readout)
        self._hidden.append(states.cpu())
        self._waiting.clear()
        self.seconds += time.perf_counter() - started


def to_numpy(states: Tensor) -> np.ndarray:
    """Same bits; numpy knows bfloat16 through ml_dtypes."""
    if states.dtype != torch.bfloat16:
        return states.numpy()
    return states.view(torch.uint16).numpy().view(ml_dtypes.bfloat16)


def to_tensor(states: np.ndarray) -> Tensor:
    if states.dtype.name == "bfloat16":
        return torch.from_numpy(states.view(np.uint16).copy()).view(torch.bfloat16)
    return torch.from_numpy(states.copy())
