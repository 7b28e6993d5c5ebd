"""The model's shape: a genuine LLaVA-1.5 (CLIP tower, projector, Llama decoder), tiny.

Stage A trains ``STAGE_A_LAYERS`` decoder layers; stage B appends layers that start as the
identity (their output projections are zero), so growing alone changes no answer.
"""

import torch
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration
from transformers.models.llama.modeling_llama import LlamaDecoderLayer

from fretboard.tiny_llava.world.scene import NATIVE

PATCH = 12  # px
GRID = NATIVE // PATCH
IMAGE_TOKENS = GRID * GRID
WIDTH = 192
STAGE_A_LAYERS = 9
FINAL_LAYERS = 12
EMBEDDING_STD = 0.05  # of word vectors; image tokens are held to the same scale

LIKENESS_STD = 0.075  # of the shared part of layer 0's queries and keys


def build_config(vocabulary: int, image_token_id: int, layers: int = STAGE_A_LAYERS) -> LlavaConfig:
    """LLaVA-1.5's configuration at this model's size."""
    vision = CLIPVisionConfig(
        hidden_size=WIDTH, intermediate_size=576, num_hidden_layers=5, num_attention_heads=6,
        image_size=NATIVE, patch_size=PATCH, projection_dim=WIDTH,
    )  # fmt: skip
    text = LlamaConfig(
        vocab_size=vocabulary, hidden_size=WIDTH, intermediate_size=512, num_hidden_layers=layers,
        num_attention_heads=6, num_key_value_heads=6, max_position_embeddings=1024,
        tie_word_embeddings=False, bos_token_id=1, eos_token_id=2, pad_token_id=0,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
    )  # fmt: skip
    return LlavaConfig(
        vision_config=vision, text_config=text, image_token_index=image_token_id,
        image_seq_length=IMAGE_TOKENS, vision_feature_layer=-1,
        vision_feature_select_strategy="default", tie_word_embeddings=False,
    )  # fmt: skip


def build_model(config: LlavaConfig, seed: int) -> LlavaForConditionalGeneration:
    """A freshly initialised model; residual writes start small so that deep stacks train well."""
    torch.manual_seed(seed)
    model = LlavaForConditionalGeneration(config)
    decoder = model.model.language_model
    with torch.no_grad():
        decoder.embed_tokens.weight.normal_(0, EMBEDDING_STD)
        scale = (2 * len(decoder.layers)) ** -0.5
        for layer in decoder.layers:
            layer.self_attn.o_proj.weight.mul_(scale)
            layer.mlp.down_proj.weight.mul_(scale)
        let_like_attend_to_like(decoder.layers[0])
    return model


def let_like_attend_to_like(layer: LlamaDecoderLayer) -> None:
    """Start a layer's queries and keys equal, so that a word looks for patches that show it.

    Image tokens are aligned with word vectors, so in layer 0 "pig" then leans towards the pig's
    patches; from random queries this look-up was not found in an hour. Only the slow rotary
    dimensions take part: the others depend on how far apart two tokens are.
    """
    attention = layer.self_attn
    half = attention.head_dim // 2
    slow = torch.arange(attention.head_dim) % half >= half // 2
    with torch.no_grad():
        shared = LIKENESS_STD * torch.randn_like(attention.q_proj.weight)
        shared *= slow.repeat(len(shared) // len(slow))[:, None]
        attention.q_proj.weight.add_(shared)
        attention.k_proj.weight.add_(shared)


def append_identity_layers(model: LlavaForConditionalGeneration, total: int, seed: int) -> None:
    """Grow the decoder to ``total`` layers in place; the new ones return their input."""
    torch.manual_seed(seed)
    config, decoder = model.config.text_config, model.model.language_model
    for layer_idx in range(len(decoder.layers), total):
        layer = LlamaDecoderLayer(config, layer_idx)
        model._init_weights(layer)
        for module in layer.modules():
            if isinstance(module, torch.nn.Linear):
                torch.nn.init.normal_(module.weight, std=config.initializer_range)
        torch.nn.init.zeros_(layer.self_attn.o_proj.weight)
        torch.nn.init.zeros_(layer.mlp.down_proj.weight)
        decoder.layers.append(layer)
    config.num_hidden_layers = total
