"""Prompt and emitted answer as one forward pass: the ground every experiment stands on."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from fretboard.core.errors import InputError, UnsupportedModel
from fretboard.model.anatomy import runner
from fretboard.model.checkpoint import Checkpoint
from fretboard.model.generation import Step, generate
from fretboard.model.inputs import Inputs, image_positions, lengthened
from fretboard.model.numbers import check_values

# Done and total runs of an experiment; may raise Cancelled.
Tick = Callable[[int, int], None]
# Nats between decoding with a cache and the one pass; bfloat16 stays far below, a family whose
# positions or masks differ between the two does not.
DRIFT_LIMIT = 0.5


def no_tick(_done: int, _total: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class Forced:
    """The tensors of one pass over prompt and answer.

    emitted: (tokens,) ids. image: indices of the image positions. drift: the largest difference
    (nats) between the emitted tokens' log-probabilities here and while they were decoded.
    """

    checkpoint: Checkpoint
    tensors: dict[str, Tensor]
    emitted: tuple[int, ...]
    prompt_tokens: int
    image: Tensor
    drift: float = 0.0

    @property
    def positions(self) -> int:
        """Length of the pass."""
        return int(self.tensors["input_ids"].shape[1])

    @property
    def predicting(self) -> slice:
        """Where the emitted tokens are predicted: the prompt's last position and the answer's."""
        return slice(self.prompt_tokens - 1, self.prompt_tokens - 1 + len(self.emitted))

    def require_image(self) -> None:
        """Raises InputError where no position holds image features."""
        if not len(self.image):
            raise InputError(
                "This run has no image positions: it was asked without an image, or the model "
                "takes images in by cross-attention. Choose knockout or attribution."
            )


def answer(
    checkpoint: Checkpoint, inputs: Inputs, max_new_tokens: int, tick: Tick = no_tick
) -> Forced:
    """Decode (or follow `inputs.forced`), then set the answer up for one pass.

    tick: tokens done, and at most how many. Raises UnsupportedModel where the one pass does not say
    what decoding said.
    """
    steps: list[tuple[int, float]] = []
    longest = len(inputs.forced) if inputs.forced else max_new_tokens

    def on_step(step: Step) -> bool:
        tick(step.index, longest)
        steps.append((step.token_id, float(step.logits.log_softmax(-1)[step.token_id])))
        return True

    generate(checkpoint, inputs, max_new_tokens, (), on_step)
    forced = taught(checkpoint, inputs, [token for token, _ in steps])
    decoded = torch.tensor([value for _, value in steps])
    drift = float((log_probabilities(forced).float().cpu() - decoded).abs().max())
    if not drift <= DRIFT_LIMIT:
        raise UnsupportedModel(
            f"Fed in one pass, the answer's log-probabilities differ from decoding by {drift:.3g} "
            "nats: this family places or masks positions differently there, so no experiment on "
            "it could be trusted."
        )
    return replace(forced, drift=drift)


def taught(checkpoint: Checkpoint, inputs: Inputs, emitted: list[int]) -> Forced:
    """Prompt and all but the last emitted token in one row; the last one is only predicted."""
    if not emitted:
        raise InputError("There is no answer to experiment on: the model emitted no token.")
    tensors = lengthened(checkpoint, inputs, emitted[:-1])
    image = image_positions(checkpoint, inputs)
    return Forced(checkpoint, tensors, tuple(emitted), inputs.prompt_tokens, image)


@torch.inference_mode()
def logits(forced: Forced) -> Tensor:
    """(tokens, V), the model's own at the predicting positions; float32 or finer."""
    model = runner(forced.checkpoint.model, forced.tensors)
    rows = model(**forced.tensors, use_cache=False).logits[0, forced.predicting]
    wide: Tensor = rows.to(torch.promote_types(rows.dtype, torch.float32))
    return wide


def log_probabilities(forced: Forced) -> Tensor:
    """(tokens,) log-probability (nats) of each emitted token. Raises NoNumbers."""
    table = logits(forced).log_softmax(-1)
    chosen = torch.tensor(forced.emitted, device=table.device)
    values = table.gather(-1, chosen[:, None])[:, 0]
    check_values(values)
    return values
