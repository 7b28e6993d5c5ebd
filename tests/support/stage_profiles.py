"""Answers with and without stages: measured on a pretrained model, random, planted, and nulls.

`smollm2.npz` holds what SmolLM2-135M-Instruct showed for the 132 prompts in
benchmarks/prompts/text_only.txt, the normed lens's numbers of every token, all answers side by
side; `benchmarks/stage_validation.py collect` makes it.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import (
    GemmaConfig,
    GemmaForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from fretboard.core.reading import Lens
from fretboard.engine.derive import make_lens
from fretboard.lens.change_point import log_jsd
from fretboard.lens.readout import read_out
from fretboard.model.checkpoint import assemble
from tests.support.tiny_families import TEXT, TOKENIZER, WORDS, ids, text

MEASURED = Path(__file__).parent / "smollm2.npz"
QUIET = slice(4, 18)  # pairs of SmolLM2 over which its mean JSD is level
RANDOM_TOKENS = 24
PLANTED_LAYERS = 30
MUTATING = 0.2  # of the planted tokens


NAMES = ("jsd", "probability")


class Profiles(NamedTuple):
    """jsd (L, T) and the emitted tokens' probability (L+1, T)."""

    jsd: np.ndarray
    probability: np.ndarray


def measured() -> list[Profiles]:
    """SmolLM2's answers."""
    with np.load(MEASURED) as kept:
        ends = np.cumsum(kept["lengths"])[:-1]
        parts = (np.split(kept[name].astype(float), ends, axis=1) for name in NAMES)
        return [Profiles(*pair) for pair in zip(*parts, strict=True)]


def _wide(**more: Any) -> dict[str, Any]:
    shared = ("num_key_value_heads", "head_dim")
    return {name: value for name, value in (TEXT | more).items() if name not in shared}


FAMILIES: Mapping[str, Callable[[int], Any]] = {
    "llama": lambda n: LlamaForCausalLM(text(LlamaConfig, num_hidden_layers=n)),
    "qwen2": lambda n: Qwen2ForCausalLM(text(Qwen2Config, num_hidden_layers=n)),
    "gemma": lambda n: GemmaForCausalLM(text(GemmaConfig, num_hidden_layers=n)),
    "gpt_neox": lambda n: GPTNeoXForCausalLM(GPTNeoXConfig(**_wide(num_hidden_layers=n))),
    "gpt2": lambda n: GPT2LMHeadModel(
        GPT2Config(
            vocab_size=WORDS, n_embd=32, n_layer=n, n_head=4, n_positions=64, eos_token_id=None
        )
    ),
}


def random_answer(family: str, layers: int, spread: float, seed: int) -> Profiles:
    """A greedy answer of random weights; spread: of the noise on top of the family's own."""
    torch.manual_seed(seed)
    model = FAMILIES[family](layers).eval()
    for weight in model.parameters():
        weight.data += (spread if weight.ndim > 1 else 0.4 * spread) * torch.randn_like(weight)
    anatomy = assemble(model, None, TOKENIZER).anatomy
    prompt = torch.randint(4, 90, (1, 3))
    with torch.inference_mode():
        whole = model.generate(
            prompt, attention_mask=torch.ones_like(prompt), do_sample=False,
            max_new_tokens=RANDOM_TOKENS, min_new_tokens=RANDOM_TOKENS,
        )  # fmt: skip
        states = _states(model, anatomy, whole)
    answer = read_out(make_lens(anatomy, Lens.NORMED), states[:, 2:-1], whole[0, 3:], 1)
    return Profiles(answer.jsd, answer.probability)


def _states(model: Any, anatomy: Any, whole: torch.Tensor) -> torch.Tensor:
    """(L+1, positions, width), before the final norm."""
    caught: list[torch.Tensor] = []

    def enters(_layer: Any, args: tuple[Any, ...], given: dict[str, Any]) -> None:
        caught.append(args[0] if args else given["hidden_states"])

    def leaves(_layer: Any, _args: Any, output: Any) -> None:
        caught.append(output[0] if isinstance(output, tuple) else output)

    hooks = [anatomy.layers[0].register_forward_pre_hook(enters, with_kwargs=True)]
    hooks += [layer.register_forward_hook(leaves) for layer in anatomy.layers]
    model(input_ids=ids(whole[0].tolist()), use_cache=False)
    for hook in hooks:
        hook.remove()
    return torch.stack([states[0] for states in caught])


def planted_answer(real: Profiles, random: np.random.Generator) -> tuple[Profiles, int]:
    """Stages with a real answer's noise and late rise, and the critical depth that they have.

    The noise is the log JSD of the real answer less its level over QUIET; its first two pairs,
    which stand out, are taken from those after them. Every token gets its real final probability.
    """
    log = log_jsd(real.jsd)
    log[:2] = log[2:4]
    noise = log - log[QUIET].mean()
    layers, tokens = noise.shape
    critical = int(random.integers(layers // 4, round(0.65 * layers) + 1))
    early, ratio = 0.15, random.uniform(15, 40)
    pairs, depths = np.arange(layers)[:, None], np.arange(layers + 1)[:, None]
    level = np.where(pairs < critical, early, early / ratio)
    shape = critical + random.integers(-2, 2, tokens)
    late = random.integers(critical + 3, layers, tokens)
    shape = np.where(random.random(tokens) < MUTATING, late, shape)
    jsd = np.minimum(level * np.exp(noise), np.log(2))
    jsd = np.where((pairs == late - 1) & (shape == late), 0.3, jsd)
    risen = np.where(depths >= shape, real.probability[-1], real.probability[:1])
    return Profiles(jsd, risen), critical


def nulls(random: np.random.Generator, real: Profiles) -> Iterator[tuple[str, Profiles]]:
    """Profiles without stages under a real answer's noise, but with words that take shape."""
    log = log_jsd(real.jsd)[2:]
    noise = log - log[QUIET].mean()
    layers, tokens = noise.shape
    along = (np.arange(layers) + 0.5) / layers
    top = random.uniform(0.05, 0.2)
    courses = {
        "no change": np.full(layers, top),
        "a steady fall": top * (1 - along),
        "a gradual fall by 20": top * 20**-along,
        "a gradual fall by 40": top * 40**-along,
        "a steady rise": top * along,
        "the first two pairs alone": np.where(np.arange(layers) < 2, 0.5, top / 4),
    }
    depths, shape = np.arange(layers + 1)[:, None], random.integers(2, layers, tokens)
    risen = np.where(depths >= np.sort(shape)[:1], real.probability[-1], 0.0)
    for name, course in courses.items():
        yield name, Profiles(np.minimum(course[:, None] * np.exp(noise), np.log(2)), risen)
