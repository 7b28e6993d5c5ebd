"""Small random parts of the model's own shapes: what a test puts together instead of downloads."""

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from fretboard.lite_vlm.checkpoint.spare import COLOURS, Namer
from fretboard.lite_vlm.checkpoint.tower import WIDTH

SIZE = 32
STAGES = (  # kernel, stride, repeats, expansion, channels in, channels out
    (3, 1, 1, 1, 32, 16),
    (3, 2, 2, 6, 16, 24),
    (5, 2, 2, 6, 24, 40),
    (3, 2, 3, 6, 40, 80),
    (5, 1, 3, 6, 80, 112),
    (5, 2, 4, 6, 112, 192),
    (3, 1, 1, 6, 192, 320),
)


def random_lite0(seed: int = 0) -> dict[str, Tensor]:
    """Arrays with the names and shapes of the published Lite0, drawn so that signals survive."""
    generator = torch.Generator().manual_seed(seed)
    arrays: dict[str, Tensor] = {}

    def conv(name: str, *shape: int) -> None:
        fan = shape[1] * shape[2] * shape[3]
        arrays[f"{name}.weight"] = torch.randn(*shape, generator=generator) * (2 / fan) ** 0.5

    def norm(name: str, channels: int) -> None:
        arrays[f"{name}.weight"] = torch.rand(channels, generator=generator) + 0.5
        arrays[f"{name}.bias"] = torch.randn(channels, generator=generator) * 0.1
        arrays[f"{name}.running_mean"] = torch.randn(channels, generator=generator) * 0.1
        arrays[f"{name}.running_var"] = torch.rand(channels, generator=generator) + 0.5

    conv("_conv_stem", 32, 3, 3, 3)
    norm("_bn0", 32)
    number = 0
    for kernel, _, repeats, expansion, first, out in STAGES:
        for repeat in range(repeats):
            prefix, channels = f"_blocks.{number}.", out if repeat else first
            wide = channels * expansion
            if expansion > 1:
                conv(f"{prefix}_expand_conv", wide, channels, 1, 1)
                norm(f"{prefix}_bn0", wide)
            conv(f"{prefix}_depthwise_conv", wide, 1, kernel, kernel)
            norm(f"{prefix}_bn1", wide)
            conv(f"{prefix}_project_conv", out, wide, 1, 1)
            norm(f"{prefix}_bn2", out)
            number += 1
    conv("_conv_head", 1280, 320, 1, 1)
    norm("_bn1", 1280)
    arrays["_fc.weight"] = torch.randn(1000, 1280, generator=generator) * 0.4
    arrays["_fc.bias"] = torch.randn(1000, generator=generator)
    return arrays


def plain_lite0(arrays: dict[str, Tensor], pixels: Tensor) -> Tensor:
    """Lite0 written out, TensorFlow's padding included: features (n, 1280, rows, columns)."""

    def normed(x: Tensor, name: str) -> Tensor:
        kept = (
            arrays[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return functional.batch_norm(x, *kept, eps=1e-3)

    def padded(x: Tensor, weight: Tensor, stride: int, groups: int) -> Tensor:
        side, kernel = x.shape[-1], weight.shape[-1]
        missing = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        x = functional.pad(x, (missing // 2, missing - missing // 2) * 2)
        return functional.conv2d(x, weight, stride=stride, groups=groups)

    x = functional.relu6(normed(padded(pixels, arrays["_conv_stem.weight"], 2, 1), "_bn0"))
    number = 0
    for _, stride, repeats, expansion, _, _ in STAGES:
        for repeat in range(repeats):
            prefix, y = f"_blocks.{number}.", x
            if expansion > 1:
                y = functional.conv2d(y, arrays[f"{prefix}_expand_conv.weight"])
                y = functional.relu6(normed(y, f"{prefix}_bn0"))
            step = 1 if repeat else stride
            y = padded(y, arrays[f"{prefix}_depthwise_conv.weight"], step, y.shape[1])
            y = functional.relu6(normed(y, f"{prefix}_bn1"))
            y = normed(
                functional.conv2d(y, arrays[f"{prefix}_project_conv.weight"]), f"{prefix}_bn2"
            )
            x = x + y if repeat else y
            number += 1
    return functional.relu6(normed(functional.conv2d(x, arrays["_conv_head.weight"]), "_bn1"))


def random_namer(seed: int = 1) -> Namer:
    """A colour namer of random weights."""
    generator = torch.Generator().manual_seed(seed)
    return Namer(
        torch.randn(80, 3, generator=generator) * 0.3,
        torch.rand(80, generator=generator),
        torch.randn(len(COLOURS), 80, generator=generator) * 0.1,
        torch.rand(len(COLOURS), generator=generator) * 0.3,
    )


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """Every byte a token, behind the special tokens that SmolLM2 has at the same numbers."""
    special = [
        "<|endoftext|>",
        "<|im_start|>",
        "<|im_end|>",
        *(f"<{n}>" for n in range(3, 16)),
        "<image>",
    ]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate([*special, *letters])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(special)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
        extra_special_tokens={"image_token": "<image>"},
    )


def tiny_config() -> LlamaConfig:
    """A Llama of two layers for the byte tokenizer."""
    return LlamaConfig(
        vocab_size=17 + 256,
        hidden_size=SIZE,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
        tie_word_embeddings=True,
    )


def tiny_language(seed: int = 2) -> LlamaForCausalLM:
    """The Llama of ``tiny_config`` with random weights."""
    torch.manual_seed(seed)
    return LlamaForCausalLM(tiny_config()).eval()


def random_adapter(language: LlamaForCausalLM, seed: int = 3) -> dict[str, Tensor]:
    """An adapter file's arrays for the tiny language model, with three probes."""
    generator = torch.Generator().manual_seed(seed)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator) * 0.1

    arrays = {"probes.weight": drawn(3, 1280), "probes.bias": drawn(3) + 7}
    arrays["classes.nouns"] = torch.tensor([*range(1000), 1000, 1, 1001])  # one is ImageNet's too
    namer = random_namer()
    arrays |= {f"namer.{part}": getattr(namer, part) for part in Namer.__dataclass_fields__}
    arrays |= {
        "projector.linear_1.weight": drawn(SIZE, WIDTH),
        "projector.linear_1.bias": drawn(SIZE),
    }
    arrays |= {
        "projector.linear_2.weight": drawn(SIZE, SIZE),
        "projector.linear_2.bias": drawn(SIZE),
    }
    for name, module in language.model.named_modules():
        if isinstance(module, torch.nn.Linear):
            arrays[f"lora.{name}.down"] = drawn(16, module.in_features)
            arrays[f"lora.{name}.up"] = drawn(module.out_features, 16)
    return arrays
