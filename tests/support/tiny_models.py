"""A tiny random LLaVA from an inline config, saved like a real checkpoint; no download."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, processors, trainers
from transformers import (
    CLIPVisionConfig,
    GenerationConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

TEXT = "the a cat dog is red blue green sits on grass what colour of USER ASSISTANT : . ?"
END = 2
TEMPLATE = (
    "{% for m in messages %}USER: {% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}<image>\n{% else %}{{ c['text'] }}{% endif %}{% endfor %}"
    "{% endfor %} ASSISTANT:"
)


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Llama-style BPE with byte fallback over a dozen words."""
    core = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    core.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    core.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    special = ["<unk>", "<s>", "</s>", "<image>"]
    bytes_ = [f"<0x{b:02X}>" for b in range(256)]
    corpus = TEXT.split() * 50
    core.train_from_iterator(
        corpus, trainers.BpeTrainer(special_tokens=special + bytes_, show_progress=False)
    )
    core.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<unk>",
        extra_special_tokens={"image_token": "<image>"},
    )


def make_processor() -> LlavaProcessor:
    """9 image positions of a 24 × 24 picture."""
    return LlavaProcessor(
        image_processor=CLIPImageProcessorPil(
            size={"shortest_edge": 24}, crop_size={"height": 24, "width": 24}
        ),
        tokenizer=make_tokenizer(),
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE,
    )


def make_llava(
    layers: int = 4, seed: int = 0
) -> tuple[LlavaForConditionalGeneration, LlavaProcessor]:
    """Random weights, wide enough that distributions differ from depth to depth."""
    processor = make_processor()
    torch.manual_seed(seed)
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            image_size=24,
            patch_size=8,
        ),
        text_config=LlamaConfig(
            vocab_size=len(processor.tokenizer),
            hidden_size=48,
            intermediate_size=96,
            num_hidden_layers=layers,
            num_attention_heads=4,
            num_key_value_heads=2,
            tie_word_embeddings=False,
            initializer_range=0.12,
        ),
        image_token_index=processor.tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=9,
        vision_feature_layer=-1,
    )
    model = LlavaForConditionalGeneration(config).eval()
    for token_id in (config.image_token_index, END):
        never_leading(model, token_id)
    model.generation_config = GenerationConfig(eos_token_id=END, pad_token_id=0, bos_token_id=1)
    return model, processor


@torch.no_grad()
def never_leading(model: PreTrainedModel, token_id: int) -> None:
    """Its logit is the mean of all, so not the largest: no marker in an answer, no early end."""
    rows = model.get_output_embeddings().weight
    rows[token_id] = rows.mean(0)


def save_llava(folder: Path, layers: int = 4) -> Path:
    """A checkpoint folder as `from_pretrained` reads it."""
    model, processor = make_llava(layers)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
