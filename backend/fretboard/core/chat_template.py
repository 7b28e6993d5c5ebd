"""How many tokens a checkpoint's chat template adds to a prompt, told without transformers."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2.sandbox import ImmutableSandboxedEnvironment

from fretboard.core.vocabulary import Vocabulary

PROBE = "What colour is the cat"


def added_tokens(source: str, revision: str, vocabulary: Vocabulary) -> int:
    """At least so many stand around a prompt; 0 where there is no template or it is not known.

    source: the checkpoint's folder; a hub's checkpoint is the worker's alone.
    """
    text = _rendered_probe(source, revision)
    return max(0, vocabulary.count(text) - vocabulary.count(PROBE)) if text else 0


@lru_cache(maxsize=32)
def _rendered_probe(source: str, revision: str) -> str:
    """PROBE as a turn of the template; "" where it cannot be told. revision: for the cache."""
    template, words = _template_of(Path(source))
    if not isinstance(template, str):
        return ""
    for content in (PROBE, [{"type": "text", "text": PROBE}]):
        try:
            text = (
                _environment()
                .from_string(template)
                .render(
                    messages=[{"role": "user", "content": content}],
                    add_generation_prompt=True,
                    **words,
                )
            )
        except Exception:  # the worker says what is wrong with a template
            continue
        if PROBE in text and "{'type'" not in text:
            return text
    return ""


def _template_of(folder: Path) -> tuple[Any, dict[str, str]]:
    """The template, and the special words that it may name."""
    try:
        settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        words = {k: v for k, v in settings.items() if k.endswith("_token") and isinstance(v, str)}
        if (folder / "chat_template.jinja").is_file():
            return (folder / "chat_template.jinja").read_text(encoding="utf-8"), words
        if (folder / "chat_template.json").is_file():
            settings = json.loads((folder / "chat_template.json").read_text(encoding="utf-8"))
        return settings.get("chat_template"), words
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return None, {}


def _environment() -> ImmutableSandboxedEnvironment:
    """As transformers renders chat templates."""
    return ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
