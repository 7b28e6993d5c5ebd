"""The whole way from parts to a folder that transformers loads, with small random parts."""

from pathlib import Path

import torch
from PIL import Image
from transformers import AutoProcessor, FastVlmForConditionalGeneration

from fretboard.lite_vlm.checkpoint.assembly import merged, tower_of
from fretboard.lite_vlm.checkpoint.competition import competition
from fretboard.lite_vlm.checkpoint.language import IMAGE_TOKEN_ID
from fretboard.lite_vlm.checkpoint.tower import centred_classifier
from fretboard.lite_vlm.train.bank import Watcher, pixels
from fretboard.lite_vlm.train.loop import Projector
from fretboard.lite_vlm.train.lora import add_lora, load_lora
from fretboard.lite_vlm.train.material import evidence
from tests.lite_vlm.parts import random_adapter, random_lite0, tiny_language


def test_the_processor_lays_64_image_tokens_at_one_place(
    folder: Path, picture: Image.Image
) -> None:
    processor = AutoProcessor.from_pretrained(folder)
    places = []
    for question in ("What?", "A longer question?"):
        content = [{"type": "image"}, {"type": "text", "text": question}]
        messages = [{"role": "user", "content": content}]
        prompt = processor.apply_chat_template(messages, add_generation_prompt=True)
        assert prompt == f"<|im_start|>user\n<image>{question}<|im_end|>\n<|im_start|>assistant\n"
        inputs = processor(images=[picture], text=prompt, return_tensors="pt")
        places.append((inputs["input_ids"][0] == IMAGE_TOKEN_ID).nonzero().flatten().tolist())
    assert places[0] == places[1]
    assert len(places[0]) == 64
    torch.testing.assert_close(inputs["pixel_values"], pixels([picture]), atol=2e-3, rtol=0)


def test_the_checkpoint_sees_what_training_saw(folder: Path, picture: Image.Image) -> None:
    adapter = random_adapter(tiny_language())
    lite0 = random_lite0()
    features, colours = Watcher(tower_of(lite0, adapter)).see([picture])
    weight, bias = centred_classifier(lite0)
    weight = torch.cat([weight, adapter["probes.weight"]])
    bias = torch.cat([bias, adapter["probes.bias"]])
    seen = evidence(
        torch.from_numpy(features[0]).float(),
        torch.from_numpy(colours[0]).float(),
        (weight, bias),
        competition(adapter["classes.nouns"]),
    )
    projector = Projector(
        {name[10:]: array for name, array in adapter.items() if name[:4] == "proj"}
    )
    model = FastVlmForConditionalGeneration.from_pretrained(folder).eval()
    with torch.no_grad():
        found = model.get_image_features(pixels([picture])).pooler_output[0]
        expected = projector(seen)
    torch.testing.assert_close(found, expected, atol=0.05, rtol=0.05)  # features kept in float16


def test_merged_adapters_answer_as_those_in_training() -> None:
    language = tiny_language()
    adapter = random_adapter(language)
    weights = merged(language.state_dict(), adapter)
    add_lora(language, seed=0)
    load_lora(
        language, {name[5:]: array for name, array in adapter.items() if name.startswith("lora.")}
    )
    plain = tiny_language()
    plain.model.load_state_dict(weights)
    tokens = torch.arange(20, 40)[None]
    with torch.no_grad():
        expected, found = language(tokens).logits, plain(tokens).logits
        untouched = tiny_language()(tokens).logits
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    assert (found - untouched).abs().max() > 0.01


def test_it_generates(folder: Path, picture: Image.Image) -> None:
    processor = AutoProcessor.from_pretrained(folder)
    model = FastVlmForConditionalGeneration.from_pretrained(folder).eval()
    inputs = processor(images=[picture], text="<image>What?", return_tensors="pt")
    output = model.generate(**inputs, max_new_tokens=3, do_sample=False)
    assert output.shape[1] > inputs["input_ids"].shape[1]
