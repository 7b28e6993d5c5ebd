"""Tiny vision-language models whose features replace placeholder ids: the LLaVA-like families."""

from typing import Any

import torch
from transformers import (
    AyaVisionConfig,
    AyaVisionForConditionalGeneration,
    CLIPVisionConfig,
    Cohere2Config,
    EfficientNetConfig,
    FastVlmConfig,
    FastVlmForConditionalGeneration,
    Gemma2Config,
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    Gemma3TextConfig,
    InternVLConfig,
    InternVLForConditionalGeneration,
    InternVLVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaOnevisionConfig,
    LlavaOnevisionForConditionalGeneration,
    Mistral3Config,
    Mistral3ForConditionalGeneration,
    MistralConfig,
    PaliGemmaConfig,
    PaliGemmaForConditionalGeneration,
    PixtralVisionConfig,
    Qwen2Config,
    SiglipVisionConfig,
    VipLlavaConfig,
    VipLlavaForConditionalGeneration,
)

from tests.support.tiny_families import (
    IMAGE_ID,
    SLIDING,
    VIDEO_ID,
    Family,
    ids,
    pixels,
    prompt_with,
    text,
)

EYE: dict[str, Any] = {
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 16,
    "patch_size": 4,
}
PINPOINTS = [[16, 32], [32, 16]]


def llava() -> Any:
    return LlavaForConditionalGeneration(
        LlavaConfig(
            vision_config=CLIPVisionConfig(**EYE),
            text_config=text(LlamaConfig),
            image_token_index=IMAGE_ID,
        )
    )


def vipllava() -> Any:
    return VipLlavaForConditionalGeneration(
        VipLlavaConfig(
            vision_config=CLIPVisionConfig(**EYE),
            text_config=text(LlamaConfig),
            image_token_index=IMAGE_ID,
            vision_feature_layer=[-1, -2],
        )
    )


def fast_vlm() -> Any:
    """A tower of convolutions, whose stem and second stage halve the picture's side."""
    seen = EfficientNetConfig(
        image_size=16,
        width_coefficient=1.0,
        depth_coefficient=1.0,
        kernel_sizes=[3, 3],
        in_channels=[32, 16],
        out_channels=[16, 24],
        strides=[1, 2],
        num_block_repeats=[1, 1],
        expand_ratios=[1, 2],
        depthwise_padding=[],
        hidden_dim=1280,
        hidden_size=1280,
        initializer_range=0.3,  # with less nothing of the picture comes through
    )
    return FastVlmForConditionalGeneration(
        FastVlmConfig(vision_config=seen, text_config=text(LlamaConfig), image_token_index=IMAGE_ID)
    )


def one_picture(places: int) -> dict[str, torch.Tensor]:
    return {"input_ids": ids(prompt_with(places)), "pixel_values": pixels(1, 3, 16, 16)}


def llava_next() -> Any:
    return LlavaNextForConditionalGeneration(
        LlavaNextConfig(
            vision_config=CLIPVisionConfig(**EYE),
            text_config=text(LlamaConfig),
            image_token_index=IMAGE_ID,
            image_grid_pinpoints=PINPOINTS,
        )
    )


def crops(places: int) -> dict[str, torch.Tensor]:
    """The whole picture and two crops side by side."""
    return {
        "input_ids": ids(prompt_with(places)),
        "pixel_values": pixels(1, 3, 3, 16, 16),
        "image_sizes": torch.tensor([[16, 32]]),
    }


def llava_onevision() -> Any:
    return LlavaOnevisionForConditionalGeneration(
        LlavaOnevisionConfig(
            vision_config=SiglipVisionConfig(**EYE),
            text_config=text(Qwen2Config),
            image_token_index=IMAGE_ID,
            video_token_index=VIDEO_ID,
            image_grid_pinpoints=PINPOINTS,
        )
    )


def internvl() -> Any:
    eye = EYE | {"image_size": [16, 16], "patch_size": [4, 4]}
    return InternVLForConditionalGeneration(
        InternVLConfig(
            vision_config=InternVLVisionConfig(**eye),
            text_config=text(Qwen2Config),
            image_token_id=IMAGE_ID,
            tie_word_embeddings=False,
        )
    )


def gemma3() -> Any:
    return Gemma3ForConditionalGeneration(
        Gemma3Config(
            vision_config=SiglipVisionConfig(**EYE, vision_use_head=False),
            text_config=text(Gemma3TextConfig, **SLIDING),
            image_token_index=IMAGE_ID,
            mm_tokens_per_image=4,
            tie_word_embeddings=False,
        )
    )


def gemma3_inputs() -> dict[str, torch.Tensor]:
    """Image positions see each other both ways, which `token_type_ids` tells."""
    tensors = one_picture(4)
    return tensors | {"token_type_ids": (tensors["input_ids"] == IMAGE_ID).long()}


def paligemma() -> Any:
    return PaliGemmaForConditionalGeneration(
        PaliGemmaConfig(
            vision_config=SiglipVisionConfig(**EYE, vision_use_head=False, projection_dim=32),
            text_config=text(Gemma2Config, final_logit_softcapping=3.0, **SLIDING),
            image_token_index=IMAGE_ID,
            projection_dim=32,
            hidden_size=32,
        )
    )


def paligemma_inputs() -> dict[str, torch.Tensor]:
    """The whole prompt is one prefix, type 0, that sees itself both ways."""
    tensors = one_picture(16)
    return tensors | {"token_type_ids": torch.zeros_like(tensors["input_ids"])}


def mistral3() -> Any:
    return Mistral3ForConditionalGeneration(
        Mistral3Config(
            vision_config=PixtralVisionConfig(**EYE, head_dim=8),
            text_config=text(MistralConfig, sliding_window=None),
            image_token_index=IMAGE_ID,
            tie_word_embeddings=False,
        )
    )


def aya_vision() -> Any:
    return AyaVisionForConditionalGeneration(
        AyaVisionConfig(
            vision_config=SiglipVisionConfig(**EYE, vision_use_head=False),
            text_config=text(Cohere2Config, **SLIDING),
            image_token_index=IMAGE_ID,
            tie_word_embeddings=False,
        )
    )


ALTERNATING = ((0,), (0, 2, 4), (1, 3))
LLAVA_LIKE = (
    Family("llava", llava, image=lambda: one_picture(16)),
    Family("vipllava", vipllava, image=lambda: one_picture(16)),
    Family("fast_vlm", fast_vlm, image=lambda: one_picture(16)),
    Family("llava_next", llava_next, image=lambda: crops(16 + 4 * (8 + 1))),
    Family("llava_onevision", llava_onevision, image=lambda: crops(16 + 4 * (8 + 1))),
    Family("internvl", internvl, image=lambda: one_picture(4)),
    Family("gemma3", gemma3, image=gemma3_inputs, skips=ALTERNATING),
    Family("paligemma", paligemma, image=paligemma_inputs, tail="soft-cap 3", skips=ALTERNATING),
    Family(
        "mistral3",
        mistral3,
        image=lambda: one_picture(4) | {"image_sizes": torch.tensor([[16, 16]])},
    ),
    Family("aya_vision", aya_vision, image=lambda: one_picture(4), skips=ALTERNATING),
)
