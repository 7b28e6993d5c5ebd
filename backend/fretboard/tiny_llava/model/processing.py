"""Tokenizer and processor: Llama-style BPE with byte fallback, LLaVA-1.5's chat template.

The image processor is the Pillow one, so nothing here or at load time needs torchvision.
"""

import random
from pathlib import Path

from tokenizers import (
    Regex,
    Tokenizer,
    decoders,
    models,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import LlavaProcessor, PreTrainedTokenizerFast
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from fretboard.tiny_llava.model.architecture import PATCH
from fretboard.tiny_llava.world.dialogue import conversation, prompt_text
from fretboard.tiny_llava.world.scene import COLORS, KINDS, NATIVE, PLURAL, sample_scene

SPECIAL = ("<unk>", "<s>", "</s>", "<image>")
CORPUS_SCENES = 1500

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] != 'system' %}{{ message['role'].upper() + ': ' }}{% endif %}"
    "{% if message['content'] is string %}{{ message['content'] + ' ' }}{% else %}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'image') %}"
    "{{ '<image>\n' }}{% endfor %}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}"
    "{{ content['text'] + ' ' }}{% endfor %}"
    "{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)


def _corpus() -> list[str]:
    """Dialogue as the model will read it, and every kind and colour often enough to be whole."""
    rng = random.Random(0)
    lines = [f"a {word}" for word in (*KINDS, *COLORS, *PLURAL.values()) for _ in range(50)]
    for seed in range(CORPUS_SCENES):
        for exchange in conversation(sample_scene(seed), rng):
            for with_image in (True, False):
                prompt = prompt_text(exchange.question, with_image).replace("<image>", "")
                lines.append(f"{prompt} {exchange.answer}")
    return lines


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Train the tokenizer on the world's dialogue; deterministic."""
    core = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=False))
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace("▁", prepend_scheme="first"),
            pre_tokenizers.Split(Regex(r"[^\w▁]"), "isolated"),
        ]
    )
    core.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    byte_tokens = [f"<0x{value:02X}>" for value in range(256)]
    trainer = trainers.BpeTrainer(
        vocab_size=1200,
        min_frequency=20,
        special_tokens=[*SPECIAL, *byte_tokens],
        initial_alphabet=["▁", *map(chr, range(32, 127))],
        show_progress=False,
    )
    core.train_from_iterator(_corpus(), trainer)
    core = _without_special_bytes(core)
    core.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core, bos_token="<s>", eos_token="</s>", unk_token="<unk>",
        pad_token="<unk>", padding_side="left", clean_up_tokenization_spaces=False,
        model_max_length=1024, extra_special_tokens={"image_token": "<image>"},
    )  # fmt: skip


def _without_special_bytes(core: Tokenizer) -> Tokenizer:
    """Byte tokens belong to the vocabulary but are no special tokens: text may spell "<0x41>"."""
    import json

    state = json.loads(core.to_str())
    state["added_tokens"] = [t for t in state["added_tokens"] if t["content"] in SPECIAL]
    return Tokenizer.from_str(json.dumps(state))


def build_processor() -> LlavaProcessor:
    """Tokenizer, Pillow image processor and chat template as one LLaVA processor."""
    image_processor = CLIPImageProcessorPil(
        size={"shortest_edge": NATIVE}, crop_size={"height": NATIVE, "width": NATIVE}
    )
    return LlavaProcessor(
        image_processor=image_processor,
        tokenizer=build_tokenizer(),
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT_TEMPLATE,
    )


def save_processor(folder: Path) -> None:
    """Write every processor and tokenizer file to ``folder``."""
    build_processor().save_pretrained(folder)
