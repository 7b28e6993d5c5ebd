"""A checkpoint's chat template: which form of a turn it takes, found by rendering two of them.

Templates of vision-language models take a list of parts; older ones, and those of text models, a
string, into which the image's marker is then written by hand. One that takes neither is refused.
"""

from enum import StrEnum
from typing import Any

from fretboard.core.errors import UnsupportedModel, said

# Processors that set the placeholders themselves, and those that want the prompt right behind.
SELF_PLACING = frozenset({"InstructBlipProcessor", "Blip2Processor"})
NO_LINE_BREAK = frozenset({"PaliGemmaProcessor", "MllamaProcessor"})
PROBE = "What colour is the cat"
PARTS_AS_TEXT = ("{'type'", '{"type"')  # a list that a template printed as it is


class TurnContent(StrEnum):
    """What a template takes for the content of a turn."""

    PARTS = "parts"
    STRING = "string"
    NONE = "none"
    """There is no template: a base checkpoint."""


def image_prefix(processor: Any) -> str:
    """What stands before a prompt about an image where the checkpoint has no chat template."""
    kind = type(processor).__name__
    if kind in SELF_PLACING:
        return ""
    token = str(getattr(processor, "image_token", "<image>"))
    return token if kind in NO_LINE_BREAK else f"{token}\n"


def find_turn(encoder: Any, with_images: bool) -> TurnContent:
    """encoder: a processor or a tokenizer. Raises UnsupportedModel where neither form works."""
    if not getattr(encoder, "chat_template", None):
        return TurnContent.NONE
    forms = (
        (TurnContent.PARTS, TurnContent.STRING)
        if with_images
        else (TurnContent.STRING, TurnContent.PARTS)
    )
    reasons = []
    for form in forms:
        try:
            reason = _objection(encoder, form, with_images)
        except Exception as error:  # jinja's, and any that a template's own expressions end in
            reason = said(error)
        if not reason:
            return form
        reasons.append(reason)
    raise UnsupportedModel(
        f"The chat template of this checkpoint cannot be used: {reasons[0]} Correct "
        "chat_template.jinja (or `chat_template` in tokenizer_config.json), or take it from the "
        "checkpoint's source again."
    )


def rendered(encoder: Any, form: TurnContent, prompt: str, image: Any | None) -> str:
    """The text of one user turn, as the model is to read it."""
    turns = one_turn(encoder, form, prompt, image)
    text: str = encoder.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    return text


def one_turn(
    encoder: Any, form: TurnContent, prompt: str, image: Any | None
) -> list[dict[str, Any]]:
    """What a template is applied to."""
    if form is TurnContent.STRING:
        marker = image_prefix(encoder) if image is not None else ""
        return [{"role": "user", "content": marker + prompt}]
    parts: list[dict[str, Any]] = [{"type": "text", "text": prompt}]
    if image is not None:
        parts.insert(0, {"type": "image", "image": image})
    return [{"role": "user", "content": parts}]


def _objection(encoder: Any, form: TurnContent, with_images: bool) -> str:
    """What is wrong with this form; "" for nothing."""
    text = rendered(encoder, form, PROBE, None)
    if PROBE not in text or any(mark in text for mark in PARTS_AS_TEXT):
        return "it leaves the question out."
    if with_images and rendered(encoder, form, PROBE, "picture") == text:
        return "it leaves the image out."
    return ""
