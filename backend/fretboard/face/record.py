"""What a record says, and its arrays as numpy, each read or computed when first looked at."""

from functools import cached_property

import numpy as np
from PIL import Image

from fretboard.analysis.source import Source
from fretboard.core.analysis import Analysis, Stages, Token
from fretboard.core.arrays import portable
from fretboard.core.images import stored_image
from fretboard.core.reading import Reading


class Record:
    """A document and its arrays under a reading; L layers, T tokens. Plain numpy knows no bfloat16.

    Raises Lost where the record has lost a part.
    """

    def __init__(self, source: Source, document: Analysis, reading: Reading) -> None:
        """document: with its stages as `reading` has them."""
        self.source, self.document, self.reading = source, document, reading

    @property
    def id(self) -> str:
        """Its content: the same question of the same model has the same id, everywhere.

        >>> len(a.id)
        32
        """
        return self.document.id

    @property
    def answer(self) -> str:
        """The answer as text, without special tokens.

        >>> a.answer
        'The dog is ...'
        """
        return self.document.answer or ""

    @property
    def tokens(self) -> list[Token]:
        """The emitted tokens, T of them: text, probability, class, emergence (depth), flag.

        >>> a.tokens[3]
        <token 3 ' ...': probability 0..., leads from depth ...>
        """
        return self.document.tokens

    @property
    def stages(self) -> Stages | None:
        """The nodes as the reading has them: critical depth with interval, method, thresholds.

        A node that was not detected is None.

        >>> a.stages.method.value
        'automatic'
        """
        return self.document.stages

    @property
    def flags(self) -> list[Token]:
        """The tokens whose hallucination score reaches `flag_score`: evidence, not proof.

        >>> len(a.flags) <= len(a.read(flag_score=0).flags)
        True
        """
        return [token for token in self.tokens if token.flag and token.flag.flagged]

    @property
    def image(self) -> Image.Image | None:
        """The picture as the model's processor got it: upright RGB; None: asked without one.

        >>> a.image.mode
        'RGB'
        """
        if self.document.request.image is None:
            return None
        return stored_image(self.source.image(self.document))

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
