"""What a lens is fitted on: questions about pictures, answered by the model itself."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor

from fretboard.core.fitted_lens import Span
from fretboard.engine.causal.forced import Forced, answer, logits
from fretboard.engine.causal.hooks import states_kept
from fretboard.model.checkpoint import Checkpoint
from fretboard.model.inputs import build_inputs


@dataclass(frozen=True)
class FitExample:
    """A question; picture: opened when its turn comes, None for text alone.

    continuation: the answer to teach in place of the model's own.
    """

    prompt: str
    picture: Callable[[], Image.Image] | None = None
    continuation: str | None = None

    def answered(self, checkpoint: Checkpoint, max_new_tokens: int) -> Forced:
        """Prompt and answer as one pass. Raises InputError, UnsupportedModel."""
        image = self.picture() if self.picture else None
        inputs = build_inputs(checkpoint, self.prompt, image, self.continuation)
        return answer(checkpoint, inputs, max_new_tokens)


def sources(forced: Forced) -> dict[Span, Tensor]:
    """Span → positions whose states a lens is to read."""
    predicting = torch.arange(forced.positions, device=forced.image.device)[forced.predicting]
    spans = {Span.IMAGE: forced.image, Span.PROMPT: predicting}
    return {span: at for span, at in spans.items() if len(at)}


def states_at(forced: Forced, at: Tensor) -> Tensor:
    """(L+1, n, width), pre-norm, at the positions `at`, on the CPU."""
    with states_kept(forced.checkpoint.anatomy) as kept:
        logits(forced)
    return torch.stack([kept[depth][at].cpu() for depth in sorted(kept)]).clone()
