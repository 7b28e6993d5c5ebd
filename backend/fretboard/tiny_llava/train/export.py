"""A trained model to the folder that users load: half-precision weights, float32 at run time."""

import json
import shutil
from pathlib import Path

import torch
from transformers import GenerationConfig, LlavaForConditionalGeneration

from fretboard.tiny_llava.model.processing import save_processor


def export_model(model: LlavaForConditionalGeneration, folder: Path) -> None:
    """Write weights, configuration and processor files; the old folder is swapped at the end."""
    fresh = folder.with_name(folder.name + ".partial")
    shutil.rmtree(fresh, ignore_errors=True)
    state = {name: value.detach().half() for name, value in model.state_dict().items()}
    model.generation_config = GenerationConfig(
        bos_token_id=1, eos_token_id=2, pad_token_id=0, do_sample=False, max_new_tokens=96
    )
    model.save_pretrained(fresh, state_dict=state)
    save_processor(fresh)
    _run_in_float32(fresh / "config.json")
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _run_in_float32(config: Path) -> None:
    """Stored in half precision for its size, but ``dtype="auto"`` must not compute in it."""
    text = json.loads(config.read_text())
    for part in (text, text["text_config"], text["vision_config"]):
        part["dtype"] = "float32"
    config.write_text(json.dumps(text, indent=2, sort_keys=True) + "\n")


def load_exported(folder: Path) -> LlavaForConditionalGeneration:
    """The model as users get it, in float32 and ready to answer."""
    model = LlavaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    return model.eval()
