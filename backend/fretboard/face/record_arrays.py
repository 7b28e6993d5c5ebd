"""The arrays of a record as numpy, each read or computed when it is first looked at."""

from functools import cached_property

import numpy as np

from fretboard.analysis.source import Source
from fretboard.core.analysis import Analysis
from fretboard.core.arrays import portable
from fretboard.core.reading import Reading


class RecordArrays:
    """Arrays of the catalogue under a reading; L layers, T tokens. Plain numpy knows no bfloat16.

    Raises Lost where the record has lost a part.
    """

    def __init__(self, source: Source, document: Analysis, reading: Reading) -> None:
        """document: with its stages as `reading` has them."""
        self.source, self.document, self.reading = source, document, reading

    @cached_property
    def probability(self) -> np.ndarray:
        """(L+1, T) float32: the emitted token's probability at every depth.

        >>> a.probability.shape == (a.document.model.layers + 1, len(a.tokens))
        True
        """
        return self._array("probability")

    @cached_property
    def log_probability(self) -> np.ndarray:
        """(L+1, T) float32, nats.

        >>> float(a.log_probability.max()) <= 0
        True
        """
        return self._array("log_probability")

    @cached_property
    def rank(self) -> np.ndarray:
        """(L+1, T) int32: the emitted token's rank, 1 = leader.

        >>> a.rank[-1].tolist()
        [1, 1, 1, 1, 1, 1]
        """
        return self._array("rank")

    @cached_property
    def entropy(self) -> np.ndarray:
        """(L+1, T) float32, nats, of the whole distribution.

        >>> a.entropy.shape == a.probability.shape
        True
        """
        return self._array("entropy")

    @cached_property
    def jsd(self) -> np.ndarray:
        """(L, T) float32: divergence of depths d and d+1, of the reading's kind (JSD: nats).

        >>> a.jsd.shape == (a.document.model.layers, len(a.tokens))
        True
        """
        return self._array("jsd")

    @cached_property
    def top_ids(self) -> np.ndarray:
        """(L+1, T, k) int32: ids of the k likeliest words of each cell.

        >>> int(a.top_ids[-1, 3, 0]) == a.tokens[3].id
        True
        """
        return self._array("top_ids")

    @cached_property
    def top_probabilities(self) -> np.ndarray:
        """(L+1, T, k) float32: the probabilities of `top_ids`.

        >>> a.top_probabilities.shape == a.top_ids.shape
        True
        """
        return self._array("top_probabilities")

    @cached_property
    def hidden_states(self) -> np.ndarray:
        """(L+1, T, width): the residual stream before the final norm, where the token is predicted.

        In the dtype that the model computed in; bfloat16 comes as float32.

        >>> a.hidden_states.shape == (*a.probability.shape, a.document.model.width)
        True
        """
        return self._array("hidden_states")

    def _array(self, name: str) -> np.ndarray:
        return portable(self.source.array(self.document, name, self.reading))
