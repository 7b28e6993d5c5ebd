"""The only file that knows where a family keeps its decoder layers, final norm and unembedding.

Everything else speaks METHOD's names. What is found is verified at load: `tail(W_U · N(h_L))`
must equal the model's own logits on a calibration prompt, else the model is refused.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from fretboard.errors import UnsupportedModel

# Where transformers' classes keep the text decoder, outermost first.
INNER_NAMES = ("language_model", "text_model", "model", "decoder", "transformer", "gpt_neox")
LAYER_NAMES = ("layers", "h")
NORM_NAMES = ("norm", "final_layer_norm", "final_layernorm", "ln_f", "final_norm")
CALIBRATION_TOKENS = 8
# Logits of one forward, recomputed from the same hidden states; low precision rounds earlier.
TOLERANCE = {torch.float32: 2e-4, torch.float16: 2e-2, torch.bfloat16: 8e-2}


@dataclass(frozen=True)
class Anatomy:
    """The located parts; `tail` is what the family puts behind the unembedding."""

    layers: tuple[nn.Module, ...]
    final_norm: nn.Module
    unembedding: nn.Module
    tail: Callable[[Tensor], Tensor]
    tail_name: str
    returns_tuple: bool = False
    """Whether a decoder layer of this family returns its hidden states inside a tuple."""

    @property
    def depths(self) -> int:
        """L + 1."""
        return len(self.layers) + 1


@torch.inference_mode()
def locate(model: Any) -> Anatomy:
    """Find and verify the parts of a transformers model. Raises UnsupportedModel."""
    decoder = _decoder(model)
    layers = tuple(_layer_list(decoder))
    norm = _final_norm(decoder)
    unembedding = model.get_output_embeddings() if _has(model, "get_output_embeddings") else None
    if unembedding is None:
        raise UnsupportedModel(
            f"{type(model).__name__} has no get_output_embeddings(): no language-model head to "
            "read hidden states with."
        )
    output, own = _calibration_run(model, layers[-1])
    name, tail = _calibrate(model, unembed(unembedding, norm, hidden_of(output)[0]), own)
    return Anatomy(layers, norm, unembedding, tail, name, isinstance(output, tuple))


def _has(module: Any, method: str) -> bool:
    return callable(getattr(module, method, None))


def _decoder(model: Any) -> nn.Module:
    """Unwrap `get_decoder()` (or well-known attributes) until a module owns a list of layers."""
    module = model.get_decoder() if _has(model, "get_decoder") else model
    for start in (module, model):
        seen: nn.Module | None = start
        while seen is not None:
            if any(isinstance(getattr(seen, name, None), nn.ModuleList) for name in LAYER_NAMES):
                return seen
            inner = (getattr(seen, name, None) for name in INNER_NAMES)
            seen = next((part for part in inner if isinstance(part, nn.Module)), None)
    raise UnsupportedModel(
        f"{type(model).__name__} has no decoder that could be found: looked for get_decoder() and "
        f"{', '.join(INNER_NAMES)}, holding a ModuleList named {' or '.join(LAYER_NAMES)}."
    )


def _layer_list(decoder: nn.Module) -> nn.ModuleList:
    lists = (getattr(decoder, name, None) for name in LAYER_NAMES)
    return next(part for part in lists if isinstance(part, nn.ModuleList))


def _final_norm(decoder: nn.Module) -> nn.Module:
    for name in NORM_NAMES:
        part = getattr(decoder, name, None)
        if isinstance(part, nn.Module):
            return part
    raise UnsupportedModel(
        f"{type(decoder).__name__} has no final norm: looked for {', '.join(NORM_NAMES)}."
    )


def _calibration_run(model: Any, last_layer: nn.Module) -> tuple[Any, Tensor]:
    """What the last layer returned and the model's own logits (n, V), on a few fixed tokens."""
    captured: list[Any] = []
    hook = last_layer.register_forward_hook(lambda _m, _a, out: captured.append(out))
    try:
        vocabulary = int(model.get_input_embeddings().weight.shape[0])
        ids = torch.arange(1, CALIBRATION_TOKENS + 1) * max(1, vocabulary // 97) % vocabulary
        output = model(input_ids=ids[None].to(model.device), use_cache=False)
    finally:
        hook.remove()
    return captured[-1], output.logits[0]


def _calibrate(
    model: Any, recomputed: Tensor, own: Tensor
) -> tuple[str, Callable[[Tensor], Tensor]]:
    """The candidate tail that turns the recomputed logits into the model's own."""
    plain, truth = recomputed.float().cpu(), own.float().cpu()
    tolerance = TOLERANCE.get(own.dtype, 2e-4) * max(1.0, float(truth.abs().max()))
    for name, tail in _candidates(model, plain, truth):
        if torch.allclose(tail(plain), truth, atol=tolerance, rtol=0):
            return name, tail
    worst = float((plain - truth).abs().max())
    raise UnsupportedModel(
        f"{type(model).__name__}: final norm and unembedding at the last depth do not give the "
        f"model's own logits (largest difference {worst:.3g}); tried no tail, soft-capping, "
        "scaling. Its numbers could not be trusted, so it is refused."
    )


def unembed(unembedding: nn.Module, norm: nn.Module, hidden: Tensor) -> Tensor:
    """`W_U · N(h)` on the devices where the two modules live; hidden (…, width) → (…, V)."""
    normed = norm(hidden.to(_device(norm, hidden)))
    logits: Tensor = unembedding(normed.to(_device(unembedding, normed)))
    return logits


def _device(module: nn.Module, fallback: Tensor) -> torch.device:
    parameter = next(module.parameters(), None)
    return fallback.device if parameter is None else parameter.device


def _candidates(
    model: Any, plain: Tensor, own: Tensor
) -> list[tuple[str, Callable[[Tensor], Tensor]]]:
    text_config = model.config.get_text_config()
    found: list[tuple[str, Callable[[Tensor], Tensor]]] = [("none", lambda logits: logits)]
    cap = getattr(text_config, "final_logit_softcapping", None)
    if cap:
        found.append((f"soft-cap {cap:g}", lambda logits: torch.tanh(logits / cap) * cap))
    ratio = float((plain * own).sum() / plain.square().sum().clamp_min(1e-12))
    found.append((f"scale {ratio:.6g}", lambda logits: logits * ratio))
    return found


def hidden_of(output: Tensor | tuple[Tensor, ...]) -> Tensor:
    """A decoder layer returns its hidden states alone or first in a tuple, by family."""
    return output if isinstance(output, Tensor) else output[0]
