"""A model's decoder layers, final norm and unembedding; everything else speaks METHOD's names.

What `model/parts` finds is verified at load: `tail(W_U · N(h_L))` must equal the model's own
logits on a calibration prompt, else the model is refused.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from transformers import GenerationMixin

from fretboard.core.errors import UnsupportedModel
from fretboard.model.numbers import no_numbers
from fretboard.model.parts import find_parts
from fretboard.model.refusals import refusing
from fretboard.model.tails import Tail, find_tail

IMAGE_ID_NAMES = ("image_token_id", "image_token_index")
# Families whose own `generate` takes logits processors and does not hand them on.
DEAF_GENERATE = frozenset({"janus"})
CALIBRATION_TOKENS = 8


@dataclass(frozen=True)
class Anatomy:
    """The located parts; `tail` is what the family puts behind the unembedding."""

    layers: tuple[nn.Module, ...]
    final_norm: nn.Module
    unembedding: nn.Module
    tail: Tail
    tail_name: str
    returned: int | None = None
    """Length of the tuple that a decoder layer returns, hidden states first; None: no tuple."""
    cross_attention: frozenset[int] = frozenset()
    """Layers that attend to the image alone: what they cache is not the text's past."""
    image_token_id: int | None = None
    """Placeholder id of an image in the prompt; None for text-only models."""
    vocabulary: int = 0
    """V, the words of the logits."""
    width: int = 0
    """Of the residual stream."""
    dtype: torch.dtype = torch.float32
    """That the hidden states are computed in; the weights may be quantised further."""

    @property
    def depths(self) -> int:
        """L + 1."""
        return len(self.layers) + 1

    @property
    def device(self) -> torch.device:
        """Where the final norm takes the states; the CPU where it is offloaded."""
        return _home(self.final_norm) or torch.device("cpu")

    def normed(self, hidden: Tensor) -> Tensor:
        """`N(h)`, on the device of the final norm."""
        return _applied(self.final_norm, hidden)

    def logits(self, normed: Tensor) -> Tensor:
        """`tail(W_U · n)`: (…, width) → (…, V), on the device of the unembedding."""
        return self.tail(_applied(self.unembedding, normed))

    def read_early(self, states: Tensor, depths: Sequence[int]) -> Tensor:
        """Logits (n, V), float32, of n depths of (L+1, width) states: the normed lens."""
        return self.logits(self.normed(states[list(depths)])).float()


@torch.inference_mode()
def locate(model: Any) -> Anatomy:
    """Find and verify the parts of a transformers model. Raises UnsupportedModel, NoNumbers."""
    layers, norm, unembedding = find_parts(model)
    outputs, own = _calibration_run(model, layers)
    _check_run(outputs, own)
    recomputed = _applied(unembedding, _applied(norm, hidden_of(outputs[-1])[0]))
    name, tail = find_tail(model, recomputed, own)
    return Anatomy(
        layers=layers,
        final_norm=norm,
        unembedding=unembedding,
        tail=tail,
        tail_name=name,
        returned=len(outputs[-1]) if isinstance(outputs[-1], tuple) else None,
        cross_attention=_cross_attention(model),
        image_token_id=_image_token_id(model),
        vocabulary=own.shape[-1],
        width=hidden_of(outputs[-1]).shape[-1],
        dtype=hidden_of(outputs[-1]).dtype,
    )


def text_model(model: Any) -> Any:
    """The module that answers text alone: inside the families that cannot do without an image."""
    pixels = inspect.signature(type(model).forward).parameters.get("pixel_values")
    required = pixels is not None and pixels.default is inspect.Parameter.empty
    return model.language_model if required and hasattr(model, "language_model") else model


def runner(model: Any, tensors: Mapping[str, Tensor]) -> Any:
    """The module that takes these tensors: the whole, or what answers text alone."""
    return model if "pixel_values" in tensors else text_model(model)


def generator(model: Any, tensors: Mapping[str, Tensor]) -> Callable[..., Any]:
    """The `generate` that listens to logits processors, and answers without an image too."""
    speaker = runner(model, tensors)
    if speaker.config.model_type in DEAF_GENERATE:
        return partial(GenerationMixin.generate, speaker)
    speak: Callable[..., Any] = speaker.generate
    return speak


def input_device(model: Any) -> torch.device:
    """Where input tensors go; weights that are offloaded (`meta`) run somewhere else."""
    embedding = model.get_input_embeddings()
    device: torch.device = embedding.weight.device
    if device.type != "meta":
        return device
    return torch.device(embedding._hf_hook.execution_device)


def hidden_of(output: Tensor | tuple[Tensor, ...]) -> Tensor:
    """A decoder layer returns its hidden states alone or first in a tuple, by family."""
    return output if isinstance(output, Tensor) else output[0]


def _cross_attention(model: Any) -> frozenset[int]:
    text_config = model.config.get_text_config(decoder=True)
    return frozenset(getattr(text_config, "cross_attention_layers", None) or ())


def _image_token_id(model: Any) -> int | None:
    ids = (getattr(model.config, name, None) for name in IMAGE_ID_NAMES)
    return next((token_id for token_id in ids if isinstance(token_id, int)), None)


def _calibration_run(model: Any, layers: tuple[nn.Module, ...]) -> tuple[list[Any], Tensor]:
    """What each layer that ran returned, and the model's own logits (n, V), on a few tokens."""
    outputs: list[Any] = []
    hooks = [layer.register_forward_hook(lambda _m, _a, o: outputs.append(o)) for layer in layers]
    what = (
        f"{type(model).__name__} did not run on {CALIBRATION_TOKENS} text tokens alone, which its "
        "parts are verified with"
    )
    try:
        with refusing(what, "Check config.json against its source, or choose another checkpoint."):
            logits = text_model(model)(input_ids=_calibration_ids(model), use_cache=False).logits
    finally:
        for hook in hooks:
            hook.remove()
    if not outputs:
        raise UnsupportedModel(
            f"{type(model).__name__} ran none of its {len(layers)} located decoder layers: looked "
            "for layers whose output the final norm and the unembedding read."
        )
    return outputs, logits[0]


def _check_run(outputs: list[Any], own: Tensor) -> None:
    """Raises NoNumbers where text alone overflows, before anything is compared with it."""
    for depth, output in enumerate(outputs, 1):
        if not bool(hidden_of(output).isfinite().all()):
            raise no_numbers("plain text", depth)
    if not bool(own.amax(-1).isfinite().all()):  # a word may have logit −inf
        raise no_numbers("plain text", len(outputs))


def _calibration_ids(model: Any) -> Tensor:
    """(1, n) ids spread over the vocabulary, none of them the image's."""
    vocabulary = int(model.get_input_embeddings().weight.shape[0])
    spread = torch.arange(1, 2 * CALIBRATION_TOKENS) * max(1, vocabulary // 97) % vocabulary
    plain = spread[spread != (_image_token_id(model) or 0)]
    return plain[None, :CALIBRATION_TOKENS].to(input_device(model))


def _home(module: nn.Module) -> torch.device | None:
    """Where its weights are; None where it has none, or they are offloaded (`meta`)."""
    weight = next(module.parameters(), None)
    return None if weight is None or weight.device.type == "meta" else weight.device


def _applied(module: nn.Module, hidden: Tensor) -> Tensor:
    """`module(hidden)` where the module lives; one that is offloaded fetches by itself."""
    hidden = hidden.to(_home(module) or hidden.device)
    if isinstance(module, nn.Linear) and module.weight.is_floating_point():
        hidden = hidden.to(module.weight.dtype)  # some families keep the stream in float32
    result: Tensor = module(hidden)
    return result
