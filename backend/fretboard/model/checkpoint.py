"""Load any checkpoint that transformers knows, the bundled one and a 7B one by the same path."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoTokenizer,
    GenerationConfig,
)
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
)
from transformers.quantizers.auto import AUTO_QUANTIZER_MAPPING

from fretboard.core.errors import UnsupportedModel
from fretboard.model.anatomy import Anatomy, locate, text_model
from fretboard.model.files import check_files
from fretboard.model.placement import placement
from fretboard.model.processors import load_processor
from fretboard.model.refusals import refusing
from fretboard.model.templates import TurnContent, find_turn
from fretboard.model.weights import check_size, check_weights

REMEDY = (
    "Check config.json, generation_config.json and the weights against the checkpoint's source; "
    "the log has the whole message."
)
CONFIG_REMEDY = (
    "Correct that field of config.json, take the file from its source again, or install a newer "
    "transformers for a newer architecture."
)
TOKENIZER_REMEDY = "Take tokenizer.json and tokenizer_config.json from the source again."
LARGEST_ID = 2**31
PROBE = "What is in this picture?"


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

    @cached_property
    def turn(self) -> TurnContent:
        """What its chat template takes. Raises UnsupportedModel."""
        return find_turn(self.processor or self.tokenizer, self.processor is not None)

    @property
    def positions(self) -> int:
        """Of prompt and answer together, the most that the model knows; 0: without a bound."""
        text = self.model.config.get_text_config(decoder=True)
        most = getattr(text, "max_position_embeddings", None)
        return most if isinstance(most, int) and most > 0 else 0

    @property
    def tokenizer_json(self) -> str:
        """The tokenizer as `tokenizer.json`, for processes without torch."""
        backend = getattr(self.tokenizer, "backend_tokenizer", None)
        if backend is None:
            raise UnsupportedModel(
                "The tokenizer has no tokenizer.json form, which words are read by. Save it with "
                "transformers' fast tokenizer: AutoTokenizer.from_pretrained(…).save_pretrained(…)."
            )
        return str(backend.to_str())

    def written(self, ids: list[int]) -> str:
        """The text of emitted tokens."""
        return str(self.tokenizer.decode(ids, skip_special_tokens=True)).strip()


def load(source: str, revision: str | None, device: str, dtype: str) -> Checkpoint:
    """Load `source` (hub name or folder). `device`, `dtype`: see Settings. Nothing remote runs.

    Raises UnsupportedModel where the checkpoint cannot be read by this instrument.
    """
    placed = placement(device, dtype)
    if Path(source).is_dir():
        check_files(Path(source))
    with refusing(f"The config of {source} cannot be used", CONFIG_REMEDY):
        config = AutoConfig.from_pretrained(source, revision=revision, trust_remote_code=False)
    with_images = type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING
    model = _load_model(source, revision, config, with_images, placed)
    processor = load_processor(source, revision, config) if with_images else None
    tokenizer = processor.tokenizer if processor else _load_tokenizer(source, revision)
    with refusing(f"The tokenizer of {source} does not read a question", TOKENIZER_REMEDY):
        tokenizer(PROBE, return_tensors="pt")
    with refusing(f"{source} cannot be read", REMEDY):
        checkpoint = assemble(model, processor, tokenizer)
    _ = checkpoint.turn, checkpoint.tokenizer_json  # refused here, not in a run
    return checkpoint


def _load_model(
    source: str, revision: str | None, config: Any, with_images: bool, placed: dict[str, Any]
) -> Any:
    """With every weight that its architecture needs, from the files."""
    _check_quantisation(source, config)
    auto = AutoModelForImageTextToText if with_images else AutoModelForCausalLM
    if not with_images and type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        raise UnsupportedModel(
            f"{source} is a {config.model_type} model, which transformers runs neither as an "
            "image-text-to-text nor as a causal language model. Choose another checkpoint."
        )
    with refusing(f"{source} cannot be loaded", REMEDY):
        if Path(source).is_dir():
            check_size(Path(source), config, auto)
        model, report = auto.from_pretrained(
            source,
            revision=revision,
            trust_remote_code=False,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # told by check_weights, with names and shapes
            **placed,
        )
    check_weights(source, report)
    return model.eval()


def _check_quantisation(source: str, config: Any) -> None:
    """transformers loads weights of a method that it does not know as if they were plain."""
    own = getattr(config, "quantization_config", None)
    method = own.get("quant_method") if isinstance(own, dict) else None
    if own and str(method) not in AUTO_QUANTIZER_MAPPING:
        raise UnsupportedModel(
            f"{source} is quantised by {method!r}, which this transformers does not know. Choose "
            f"its unquantised weights, or one of {', '.join(sorted(AUTO_QUANTIZER_MAPPING))}."
        )


def _load_tokenizer(source: str, revision: str | None) -> Any:
    with refusing(f"The tokenizer of {source} cannot be loaded", TOKENIZER_REMEDY):
        return AutoTokenizer.from_pretrained(source, revision=revision, trust_remote_code=False)


def assemble(model: Any, processor: Any | None, tokenizer: Any) -> Checkpoint:
    """A Checkpoint from parts at hand (tests build tiny ones from inline configs)."""
    # Families that wrap a whole language model let that one generate, by its own settings.
    words = int(model.get_input_embeddings().weight.shape[0])
    greedy = _greedy(model.generation_config, tokenizer, words)
    model.generation_config = text_model(model).generation_config = greedy
    _cast_pixels(model)
    return Checkpoint(model.requires_grad_(False), processor, tokenizer, locate(model))


def _cast_pixels(model: Any) -> None:
    """FastVLM hands its tower the processor's float32; other families cast it to their own type."""
    if model.config.model_type == "fast_vlm":
        tower = model.model.vision_tower
        own = next(tower.parameters()).dtype
        tower.register_forward_pre_hook(lambda _tower, pixels: (pixels[0].to(own), *pixels[1:]))


def _greedy(own: Any, tokenizer: Any, words: int) -> GenerationConfig:
    """Plain greedy: penalties and sampling of a checkpoint's own config would bend the logits."""
    end = _checked_ids("eos_token_id", own.eos_token_id, lists=True)
    end = end if end is not None else tokenizer.eos_token_id
    first_end = end[0] if isinstance(end, list) else end
    pads = (_checked_ids("pad_token_id", own.pad_token_id), first_end, 0)
    return GenerationConfig(
        do_sample=False,
        bos_token_id=_checked_ids("bos_token_id", own.bos_token_id),
        eos_token_id=end,
        # Fed to rows of a batch that have ended: it must have an embedding.
        pad_token_id=next(pad for pad in pads if pad is not None and 0 <= pad < words),
    )


def _checked_ids(name: str, value: Any, lists: bool = False) -> Any:
    """A token id or None; with `lists`, also several."""
    ids = value if lists and isinstance(value, list) and value else [value]
    if value is None or all(type(i) is int and abs(i) < LARGEST_ID for i in ids):
        return value
    raise UnsupportedModel(
        f"generation_config.json: `{name}` is {value!r:.60}, not a token's id. Correct it, or "
        "leave it out."
    )
