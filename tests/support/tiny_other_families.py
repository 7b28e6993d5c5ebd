"""Tiny vision-language models with a way of their own: native resolution, deepstack, Q-Former."""

from typing import Any

import torch
from transformers import (
    Glm4vConfig,
    Glm4vForConditionalGeneration,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    InstructBlipConfig,
    InstructBlipForConditionalGeneration,
    JanusConfig,
    JanusForConditionalGeneration,
    LlamaConfig,
    MllamaConfig,
    MllamaForConditionalGeneration,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
)
from transformers.models.janus.configuration_janus import JanusVisionConfig, JanusVQVAEConfig

from tests.support.tiny_families import (
    END_ID,
    IMAGE_ID,
    PROMPT,
    START_ID,
    TEXT,
    VIDEO_ID,
    Family,
    ids,
    pixels,
    prompt_with,
    text,
)
from tests.support.tiny_llava_families import EYE, one_picture

PLAIN_ROPE = {"rope_type": "default", "rope_theta": 10000.0}
MROPE = PLAIN_ROPE | {"mrope_section": [1, 1, 2]}
NATIVE: dict[str, Any] = {
    "depth": 2,
    "hidden_size": 16,
    "num_heads": 2,
    "patch_size": 4,
    "spatial_merge_size": 2,
    "temporal_patch_size": 2,
}
MARKS = {
    "image_token_id": IMAGE_ID,
    "video_token_id": VIDEO_ID,
    "vision_start_token_id": START_ID,
    "vision_end_token_id": END_ID,
}


def native_inputs() -> dict[str, torch.Tensor]:
    """4 × 8 patches of 2 frames of 4 × 4 pixels, merged by 2 × 2 into 8 positions."""
    numbers = ids(prompt_with(8, framed=True))
    return {
        "input_ids": numbers,
        "pixel_values": pixels(32, 3 * 2 * 4 * 4),
        "image_grid_thw": torch.tensor([[1, 4, 8]]),
        "mm_token_type_ids": (numbers == IMAGE_ID).int(),
    }


def qwen2_vl() -> Any:
    vision = NATIVE | {"hidden_size": 32, "embed_dim": 16}
    return Qwen2VLForConditionalGeneration(
        Qwen2VLConfig(vision_config=vision, text_config=TEXT | {"rope_parameters": MROPE}, **MARKS)
    )


def qwen2_5_vl() -> Any:
    vision = NATIVE | {
        "intermediate_size": 24,
        "out_hidden_size": 32,
        "window_size": 16,
        "fullatt_block_indexes": [1],
    }
    return Qwen2_5_VLForConditionalGeneration(
        Qwen2_5_VLConfig(
            vision_config=vision, text_config=TEXT | {"rope_parameters": MROPE}, **MARKS
        )
    )


def qwen3_vl() -> Any:
    """Features of the first vision layer are added behind the first decoder layer (deepstack)."""
    vision = NATIVE | {
        "intermediate_size": 24,
        "out_hidden_size": 32,
        "num_position_embeddings": 16,
        "deepstack_visual_indexes": [0, 1],
    }
    rope = MROPE | {"mrope_interleaved": True}
    return Qwen3VLForConditionalGeneration(
        Qwen3VLConfig(vision_config=vision, text_config=TEXT | {"rope_parameters": rope}, **MARKS)
    )


def glm4v() -> Any:
    vision = NATIVE | {"intermediate_size": 24, "out_hidden_size": 32, "image_size": 16}
    rope = MROPE | {"partial_rotary_factor": 1.0}
    return Glm4vForConditionalGeneration(
        Glm4vConfig(
            vision_config=vision,
            text_config=TEXT | {"rope_parameters": rope},
            image_token_id=IMAGE_ID,
            video_token_id=VIDEO_ID,
            image_start_token_id=START_ID,
            image_end_token_id=END_ID,
        )
    )


def idefics3() -> Any:
    return Idefics3ForConditionalGeneration(
        Idefics3Config(vision_config=EYE, text_config=text(LlamaConfig), image_token_id=IMAGE_ID)
    )


def smolvlm() -> Any:
    return SmolVLMForConditionalGeneration(
        SmolVLMConfig(vision_config=EYE, text_config=text(LlamaConfig), image_token_id=IMAGE_ID)
    )


def tiles() -> dict[str, torch.Tensor]:
    """Two tiles of 4 × 4 patches, shuffled by 2 into 4 positions each."""
    return {
        "input_ids": ids(prompt_with(8, framed=True)),
        "pixel_values": pixels(1, 2, 3, 16, 16),
    }


def janus() -> Any:
    eye = JanusVisionConfig(
        **EYE, projection_dim=32, num_image_tokens=16, mlp_ratio=2, hidden_dropout_rate=0.0
    )
    painter = JanusVQVAEConfig(
        embed_dim=8,
        num_embeddings=16,
        latent_channels=8,
        base_channels=32,
        channel_multiplier=[1],
        num_res_blocks=1,
        projection_dim=32,
        image_token_embed_dim=32,
        num_patches=4,
    )
    return JanusForConditionalGeneration(
        JanusConfig(
            vision_config=eye,
            vq_config=painter,
            text_config=text(LlamaConfig),
            image_token_id=IMAGE_ID,
            tie_word_embeddings=False,
        )
    )


def instructblip() -> Any:
    former = {
        "vocab_size": 50,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 24,
        "encoder_hidden_size": 16,
        "max_position_embeddings": 32,
    }
    return InstructBlipForConditionalGeneration(
        InstructBlipConfig(
            vision_config=EYE,
            qformer_config=former,
            text_config=TEXT | {"model_type": "llama"},
            num_query_tokens=4,
            image_token_index=IMAGE_ID,
        )
    )


def instructblip_inputs() -> dict[str, torch.Tensor]:
    """Query features first, even before the beginning-of-text token; the Q-Former reads too."""
    return {
        "input_ids": ids([IMAGE_ID] * 4 + PROMPT),
        "pixel_values": pixels(1, 3, 16, 16),
        "qformer_input_ids": ids([3, 9, 27]),
        "qformer_attention_mask": torch.ones(1, 3, dtype=torch.long),
    }


def mllama() -> Any:
    eye = {
        "hidden_size": 16,
        "attention_heads": 2,
        "intermediate_size": 24,
        "num_hidden_layers": 2,
        "num_global_layers": 1,
        "image_size": 16,
        "patch_size": 4,
        "max_num_tiles": 2,
        "vision_output_dim": 32,
        "intermediate_layers_indices": [0],
        "supported_aspect_ratios": [[1, 1], [1, 2]],
    }
    words = TEXT | {"cross_attention_layers": [1, 4], "rope_parameters": PLAIN_ROPE}
    return MllamaForConditionalGeneration(
        MllamaConfig(vision_config=eye, text_config=words, image_token_index=IMAGE_ID)
    )


def mllama_inputs() -> dict[str, torch.Tensor]:
    """One tile of two holds a picture; every token from the placeholder on may look at it."""
    numbers = ids(prompt_with(1))
    looks = torch.zeros(1, numbers.shape[1], 1, 2, dtype=torch.long)
    looks[:, 1:, :, 0] = 1
    return {
        "input_ids": numbers,
        "pixel_values": pixels(1, 1, 2, 3, 16, 16),
        "aspect_ratio_ids": torch.tensor([[1]]),
        "aspect_ratio_mask": torch.tensor([[[1, 0]]]),
        "cross_attention_mask": looks,
    }


OTHERS = (
    Family("qwen2_vl", qwen2_vl, image=native_inputs),
    Family("qwen2_5_vl", qwen2_5_vl, image=native_inputs),
    Family("qwen3_vl", qwen3_vl, image=native_inputs),
    Family("glm4v", glm4v, image=native_inputs),
    Family("idefics3", idefics3, "model.text_model", image=tiles),
    Family("smolvlm", smolvlm, "model.text_model", image=tiles),
    Family("janus", janus, image=lambda: one_picture(16)),
    Family("instructblip", instructblip, "language_model.model", image=instructblip_inputs,
           alone="language_model"),
    # 1 and 4 attend to the image; with 0 skipped the first layer that runs is one of them.
    Family("mllama", mllama, image=mllama_inputs, skips=((0,), (1,), (0, 2), (1, 4), (4,))),
)  # fmt: skip
