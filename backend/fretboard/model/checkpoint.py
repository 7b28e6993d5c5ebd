"""Load any checkpoint that transformers knows, the bundled one and a 7B one by the same path."""

from dataclasses import dataclass
from typing import Any

from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoTokenizer,
    GenerationConfig,
)
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING

from fretboard.core.errors import UnsupportedModel
from fretboard.model.anatomy import Anatomy, locate, text_model
from fretboard.model.placement import placement
from fretboard.model.processors import load_processor


@dataclass(frozen=True)
class Checkpoint:
    """A loaded model with its located parts; `processor` is None for a text-only model."""

    model: Any
    processor: Any | None
    tokenizer: Any
    anatomy: Anatomy

    @property
    def dtype(self) -> str:
        """Name of the dtype that the hidden states are computed in."""
        return str(self.anatomy.dtype).removeprefix("torch.")

    @property
    def end_ids(self) -> frozenset[int]:
        """Token ids that end an answer."""
        end = self.model.generation_config.eos_token_id
        return frozenset(end if isinstance(end, list) else [] if end is None else [end])

    @property
    def tokenizer_json(self) -> str:
        """The tokenizer as `tokenizer.json`, for processes without torch."""
        backend = getattr(self.tokenizer, "backend_tokenizer", None)
        if backend is None:
            raise UnsupportedModel("The tokenizer has no tokenizer.json form.")
        return str(backend.to_str())


def load(source: str, revision: str | None, device: str, dtype: str) -> Checkpoint:
    """Load `source` (hub name or folder). `device`, `dtype`: see Settings. Nothing remote runs.

    Raises UnsupportedModel where the checkpoint cannot be read by this instrument.
    """
    config = AutoConfig.from_pretrained(source, revision=revision, trust_remote_code=False)
    with_images = type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING
    auto = AutoModelForImageTextToText if with_images else AutoModelForCausalLM
    model = auto.from_pretrained(
        source, revision=revision, trust_remote_code=False, **placement(device, dtype)
    )
    model.eval()
    processor = load_processor(source, revision) if with_images else None
    tokenizer = (
        processor.tokenizer
        if processor
        else AutoTokenizer.from_pretrained(source, revision=revision)
    )
    return assemble(model, processor, tokenizer)


def assemble(model: Any, processor: Any | None, tokenizer: Any) -> Checkpoint:
    """A Checkpoint from parts at hand (tests build tiny ones from inline configs)."""
    # Families that wrap a whole language model let that one generate, by its own settings.
    greedy = _greedy(model.generation_config, tokenizer)
    model.generation_config = text_model(model).generation_config = greedy
    return Checkpoint(model.requires_grad_(False), processor, tokenizer, locate(model))


def _greedy(own: Any, tokenizer: Any) -> GenerationConfig:
    """Plain greedy: penalties and sampling of a checkpoint's own config would bend the logits."""
    end = own.eos_token_id if own.eos_token_id is not None else tokenizer.eos_token_id
    first_end = end[0] if isinstance(end, list) else end
    pad = own.pad_token_id if own.pad_token_id is not None else first_end
    return GenerationConfig(
        do_sample=False, bos_token_id=own.bos_token_id, eos_token_id=end, pad_token_id=pad
    )
