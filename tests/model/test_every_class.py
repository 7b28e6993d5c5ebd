"""Every image-text and causal class that transformers knows, at its published configuration.

Scaled down in layers alone, on the meta device: no numbers, so this says that the parts are found
or that a sentence says why not; whether they are right, the families' own tests say. All of them
take some 20 s of one core.
"""

from contextlib import suppress
from typing import Any

import pytest
import torch
from transformers import PreTrainedConfig
from transformers.models.auto.configuration_auto import CONFIG_MAPPING, CONFIG_MAPPING_NAMES
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
)

from fretboard.core.errors import UnsupportedModel
from fretboard.model.parts import find_parts
from fretboard.model.refusals import refusing

# Name → (its type, the classes by configuration); as `load` chooses: images first. What is behind
# a name is imported by its test: all of them together take seconds.
KINDS = {
    CONFIG_MAPPING_NAMES[kind].removesuffix("Config"): (kind, classes)
    for kinds, classes in (
        (MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, MODEL_FOR_CAUSAL_LM_MAPPING),
        (MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES, MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING),
    )
    for kind in kinds
    if kind in CONFIG_MAPPING_NAMES
}
LAYERS = (
    "num_hidden_layers", "n_layer", "n_layers", "num_layers", "decoder_layers", "encoder_layers",
    "num_decoder_layers", "num_encoder_layers", "depth",
)  # fmt: skip
PER_LAYER = ("layer_types", "layers_block_type", "mlp_layer_types", "block_types")
KEPT = 2

# Encoder-decoders, BERT's kin (whose answer is not read off one stream through one norm and head),
# and architectures of another plan.
REFUSED = {
    "Bert", "BertGeneration", "BigBird", "Blip", "Blt", "Camembert", "CpmAnt", "Data2VecText",
    "Electra", "Ernie", "Florence2", "Git", "HrmText", "Marian", "MegatronBert",
    "NemotronH_Omni_Reasoning_V3_", "OpenAIGPT", "PI0", "PPFormulaNet", "Pix2Struct",
    "Qwen4Exp", "Qwen4ExpText", "RemBert", "RoCBert", "RoFormer", "Roberta",
    "RobertaPreLayerNorm", "T5Gemma2", "Udop", "VisionEncoderDecoder", "XLM", "XLMRoberta",
    "XLMRobertaXL", "XLNet", "Xmod",
}  # fmt: skip
# Classes that transformers does not build from their own defaults, or not without a package.
NOT_BUILT = {
    "AyaVision", "Chameleon", "CohereCompass", "CohereCompassText", "Dbrx", "DeepseekOcr2",
    "DiffusionGemma", "Dots1", "Emu3", "FastVlm", "Gemma3n", "Gemma3nText", "Gemma4Assistant",
    "Gemma4UnifiedAssistant", "Granite4Vision", "HunYuanDenseV1", "HunYuanMoEV1", "HunYuanVL",
    "Lfm2Moe", "Ministral", "Musicgen", "MusicgenMelody", "Nemotron", "PerceptionLM",
    "Reformer",
}  # fmt: skip


def shrink(config: PreTrainedConfig) -> PreTrainedConfig:
    """Two layers in every part."""
    for part in list(vars(config).values()):
        if isinstance(part, PreTrainedConfig):
            shrink(part)
    for name in LAYERS:
        if isinstance(getattr(config, name, None), int):
            with suppress(NotImplementedError):  # follows from another
                setattr(config, name, KEPT)
    for name in PER_LAYER:
        if isinstance(getattr(config, name, None), list):
            with suppress(AttributeError):
                setattr(config, name, getattr(config, name)[:KEPT])
    return config


def classes_of(name: str) -> tuple[type[PreTrainedConfig], Any]:
    """(configuration, model)."""
    kind, by_configuration = KINDS[name]
    configuration = CONFIG_MAPPING[kind]
    models = by_configuration[configuration]
    return configuration, models[0] if isinstance(models, tuple) else models


def build(name: str) -> Any:
    configuration, model = classes_of(name)
    with torch.device("meta"):
        return model(shrink(configuration()))


@pytest.mark.parametrize("name", KINDS)
def test_it_is_served_or_refused_in_a_sentence(name):
    sentence = ""
    try:
        with refusing(f"{name} cannot be loaded", "Choose another checkpoint."):
            layers, norm, unembedding = find_parts(build(name))
    except UnsupportedModel as refused:
        sentence = refused.detail
    if name in REFUSED:
        assert "looked for" in sentence
    elif name in NOT_BUILT:
        assert sentence.startswith(f"{name} cannot be loaded: ")
    else:
        assert sentence == ""
        assert len(layers) >= 1
        assert unembedding.weight.shape[-1] > 0
        assert norm is not None
    assert "\n" not in sentence


def test_the_lists_name_known_classes():
    assert KINDS.keys() >= REFUSED | NOT_BUILT
    assert not REFUSED & NOT_BUILT
