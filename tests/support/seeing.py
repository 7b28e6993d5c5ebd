"""Tiny models with their families' own processors, in whose vision towers a patch sees itself only.

What an image position holds then tells which part of the picture it is: the tests change a square
of the picture and look which positions notice.
"""

import torch

from fretboard.model.checkpoint import assemble
from fretboard.model.processors import load_processor
from tests.model.test_families import FAMILIES
from tests.model.test_processors import TEMPLATE, write_processor

VIDEO = {"video_token": "<video>"}
TILE = {"height": 16, "width": 16}
PINS = {"image_grid_pinpoints": [[16, 32], [32, 16], [32, 32], [16, 48]]}
MANY_PINS = {"image_grid_pinpoints": [[64, 64]]}  # more crops than the family keeps cells of
NATIVE_SIZE = {"patch_size": 4, "min_pixels": 64, "max_pixels": 40 * 40}
CLIP = {"size": {"shortest_edge": 16}, "crop_size": TILE}
LLAVA = {
    "patch_size": 4,
    "vision_feature_select_strategy": "default",
    "num_additional_image_tokens": 1,
}
SEEN_WHOLE = {"vision_feature_select_strategy": "full", "num_additional_image_tokens": 0}
TILED = {"size": TILE, "crop_to_patches": True, "min_patches": 1, "max_patches": 6}
ENDS = {"boi_token": "<boi>", "eoi_token": "<eoi>"}
FRAMES = {f"{name}_image_token": f"<{name}>" for name in ("start", "end", "context")}
SPLIT = {
    "fake_image_token": "<fake_token_around_image>",
    "global_image_token": "<global-img>",
    "end_of_utterance_token": "<end_of_utterance>",
}
# Test case → family, processor, image processor, marks, processor's parts, image processor's own.
FULL = {"num_image_tokens": 16, "vision_feature_select_strategy": "full"}
BREAKS = {"image_break_token": "[IMG_BREAK]", "image_end_token": "[IMG_END]"}
SPLITTING = {"size": {"longest_edge": 32}, "max_image_size": {"longest_edge": 16}}
PIXTRAL = {"size": {"longest_edge": 48}, "patch_size": {"height": 4, "width": 4}}
AYA = {"patch_size": 8, "img_size": 16, "image_token": "<picture>", "img_patch_token": "<image>"}
CASES = {
    "llava": ("llava", "LlavaProcessor", "CLIPImageProcessor", {}, LLAVA, CLIP),
    "llava, padded": (
        "llava", "LlavaProcessor", "LlavaImageProcessor", {}, LLAVA, CLIP | {"do_pad": True}
    ),
    "vipllava": ("vipllava", "LlavaProcessor", "CLIPImageProcessor", {}, LLAVA, CLIP),
    "fast_vlm": (
        "fast_vlm", "LlavaProcessor", "CLIPImageProcessor", {}, LLAVA | SEEN_WHOLE, CLIP
    ),
    "llava_next": (
        "llava_next", "LlavaNextProcessor", "LlavaNextImageProcessor", {}, LLAVA, CLIP | PINS
    ),
    "llava_onevision": (
        "llava_onevision", "LlavaOnevisionProcessor", "LlavaOnevisionImageProcessor", VIDEO, FULL,
        {"size": TILE} | PINS,
    ),
    "llava_onevision, pooled": (
        "llava_onevision", "LlavaOnevisionProcessor", "LlavaOnevisionImageProcessor", VIDEO, FULL,
        {"size": TILE} | MANY_PINS,
    ),
    "internvl": (
        "internvl", "InternVLProcessor", "GotOcr2ImageProcessorFast", VIDEO | FRAMES,
        {"image_seq_length": 4}, TILED,
    ),
    "gemma3": (
        "gemma3", "Gemma3Processor", "Gemma3ImageProcessor", ENDS, {"image_seq_length": 4},
        {"size": TILE},
    ),
    "paligemma": (
        "paligemma", "PaliGemmaProcessor", "SiglipImageProcessor", {}, {},
        {"size": TILE, "image_seq_length": 16},
    ),
    "janus": (
        "janus", "JanusProcessor", "JanusImageProcessor", ENDS, {"num_image_tokens": 16},
        {"size": TILE, "min_size": 4},
    ),
    "aya_vision": (
        "aya_vision", "AyaVisionProcessor", "GotOcr2ImageProcessorFast",
        {"picture_token": "<picture>"}, AYA, TILED,
    ),
    "mistral3": (
        "mistral3", "PixtralProcessor", "PixtralImageProcessorFast", BREAKS,
        {"patch_size": 4, "spatial_merge_size": 2, "image_token": "<image>"}, PIXTRAL,
    ),
    "idefics3": (
        "idefics3", "Idefics3Processor", "Idefics3ImageProcessor", SPLIT, {"image_seq_len": 4},
        SPLITTING,
    ),
    "smolvlm": (
        "smolvlm", "SmolVLMProcessor", "SmolVLMImageProcessor", SPLIT, {"image_seq_len": 4},
        SPLITTING,
    ),
    "qwen2_vl": ("qwen2_vl", "Qwen2VLProcessor", "Qwen2VLImageProcessor", VIDEO, {}, NATIVE_SIZE),
    "qwen2_5_vl": (
        "qwen2_5_vl", "Qwen2_5_VLProcessor", "Qwen2VLImageProcessor", VIDEO, {}, NATIVE_SIZE
    ),
    "qwen3_vl": (
        "qwen3_vl", "Qwen3VLProcessor", "Qwen2VLImageProcessorFast", VIDEO, {}, NATIVE_SIZE
    ),
    "glm4v": (
        "glm4v", "Glm4vProcessor", "Glm4vImageProcessor", VIDEO, {},
        {"patch_size": 4, "size": {"shortest_edge": 128, "longest_edge": 3200}},
    ),
}  # fmt: skip
# What stands for the picture in a prompt, and at its positions.
PLACES = {"internvl": "<context>", "gemma3": "<boi>", "aya_vision": "<picture>"}
POSITIONS = {"internvl": "<context>"}
JOINING = ("out_proj", "o_proj", "proj", "projection_layer")


def seeing(case, folder):
    """A checkpoint of the case, its processor read from files in `folder`."""
    family, *written, more = CASES[case]
    write_processor(folder, *written, **more)
    template = TEMPLATE.replace("<image>", PLACES.get(family, "<image>"))
    (folder / "chat_template.jinja").write_text(template)
    processor = load_processor(str(folder), None)
    model = FAMILIES[family].make()
    model.resize_token_embeddings(len(processor.tokenizer))
    position = processor.tokenizer.convert_tokens_to_ids(POSITIONS.get(family, "<image>"))
    model.config.image_token_id = model.config.image_token_index = position
    model.config.image_grid_pinpoints = more.get("image_grid_pinpoints")
    blind_to_each_other(model)
    return assemble(model, processor, processor.tokenizer)


@torch.no_grad()
def blind_to_each_other(model):
    """Attention in the vision tower adds nothing, so that no patch hears of another; of a tower
    of convolutions each keeps what lies within a patch."""
    found = 0
    for name, module in model.named_modules():
        seeing = "vision" in name or "visual" in name
        joins = name.rpartition(".")[2] in JOINING and "att" in name.rpartition(".")[0]
        if seeing and (joins or (".squeeze_excite." in name and hasattr(module, "weight"))):
            module.weight.zero_()
            found += 1
        elif seeing and isinstance(module, torch.nn.Conv2d) and module.kernel_size == (3, 3):
            own = slice(0, 2) if module.stride == (2, 2) else slice(1, 2)
            kept = module.weight[:, :, own, own].clone()
            module.weight.zero_()[:, :, own, own] = kept
    assert found, "no attention was found in the vision tower"
