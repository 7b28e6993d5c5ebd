"""One user turn through a checkpoint's own template and processor, refused where they refuse it."""

import logging
from collections.abc import Iterator
from typing import Any

from PIL import Image

from fretboard.core.errors import FretboardError, InputError, said
from fretboard.model import memory
from fretboard.model.anatomy import IMAGE_ID_NAMES
from fretboard.model.checkpoint import LARGEST_ID, Checkpoint
from fretboard.model.templates import TurnContent, image_prefix, one_turn, rendered

log = logging.getLogger(__name__)
# What stands for a picture, a film or a sound, in configs and in processors.
MARKER_IDS = (
    *IMAGE_ID_NAMES, "video_token_id", "video_token_index", "audio_token_id", "audio_token_index",
)  # fmt: skip
MARKERS = {
    "image_token": "image", "boi_token": "image", "video_token": "video", "audio_token": "audio",
    "boa_token": "audio",
}  # fmt: skip


def encode(checkpoint: Checkpoint, prompt: str, image: Image.Image | None) -> Any:
    """The tensors of one turn, by name. Raises InputError for what the processor does not take."""
    try:
        return _encode(checkpoint, prompt, image)
    except FretboardError:
        raise
    except Exception as error:  # of the processor's many kinds
        explained = memory.explained(error)
        if explained is not error:
            raise explained from error
        log.warning("the processor does not take a turn", exc_info=error)
        what, remedy = "prompt", "another prompt"
        if image is not None:
            what = f"prompt with a picture of {image.width} × {image.height} pixels"
            remedy = "a larger picture, nearer to a square, or another prompt"
        raise InputError(
            f"The model's processor does not take this {what}: {said(error)} Send {remedy}."
        ) from error


def refuse_markers(checkpoint: Checkpoint, prompt: str) -> None:
    """A marker typed into the prompt would stand for a picture or a film that is not there."""
    ids = checkpoint.tokenizer(prompt, add_special_tokens=False)["input_ids"]
    for marker, kind in _markers(checkpoint):
        if marker in prompt or checkpoint.tokenizer.convert_tokens_to_ids(marker) in ids:
            raise InputError(
                f"The prompt holds {marker!r}, the model's own {kind} marker; leave it out."
            )


def _markers(checkpoint: Checkpoint) -> Iterator[tuple[str, str]]:
    """(marker, of what)."""
    config = getattr(checkpoint.model, "config", None)
    ids = {name: getattr(config, name, None) for name in MARKER_IDS}
    ids["image"] = checkpoint.anatomy.image_token_id
    for name, token_id in ids.items():
        if isinstance(token_id, int) and 0 <= token_id < LARGEST_ID:
            word = checkpoint.tokenizer.convert_ids_to_tokens(token_id)
            if isinstance(word, str):
                yield word, name.partition("_")[0]
    for name, kind in MARKERS.items():
        word = getattr(checkpoint.processor, name, None)
        if isinstance(word, str) and word:
            yield word, kind


def _encode(checkpoint: Checkpoint, prompt: str, image: Image.Image | None) -> Any:
    encoder = checkpoint.processor or checkpoint.tokenizer
    if checkpoint.turn is TurnContent.STRING and checkpoint.processor is not None:
        text = rendered(encoder, TurnContent.STRING, prompt, image)
        begins = checkpoint.tokenizer.bos_token
        plain = {
            "return_tensors": "pt",
            "add_special_tokens": not (begins and text.startswith(begins)),
        }
        if image is None:
            return checkpoint.tokenizer(text, **plain)
        return encoder(images=image, text=text, **plain)
    if checkpoint.turn is not TurnContent.NONE:
        return encoder.apply_chat_template(
            one_turn(encoder, checkpoint.turn, prompt, image),
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        )
    if image is None:
        return checkpoint.tokenizer(prompt, return_tensors="pt")
    # A base checkpoint without a template: the image first, as the families were pre-trained.
    return encoder(images=image, text=image_prefix(encoder) + prompt, return_tensors="pt")
