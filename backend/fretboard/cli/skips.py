"""`fretboard skips`: the presets of skipped layers over many images, as a table."""

from typing import Any

from fretboard.cli.analyze import configured_settings
from fretboard.cli.studies import (
    JUDGED,
    ROWS,
    Images,
    Limit,
    Output,
    Prompt,
    Tokens,
    estimates,
    survey_request,
    tell,
)


def skips(
    images: Images,
    output: Output,
    prompt: Prompt = "",
    max_new_tokens: Tokens = None,
    limit: Limit = None,
) -> None:
    """Answer many images plainly and without each preset's layers; what is kept, as a table."""
    from fretboard.studies.sources import find_items
    from fretboard.studies.variants.skips import TABLE, run_skips

    items = find_items(images, prompt, limit=limit)
    table = run_skips(configured_settings(), items, survey_request(max_new_tokens), output)
    tell(table, lines(table), output / TABLE)


def lines(table: dict[str, Any]) -> list[str]:
    """The table as text, a block a preset."""
    told = [f"{table['done']} of {table['items']} answered"]
    for preset, found in table["presets"].items():
        told.append(
            f"{preset}: {found['images']} images, {found['no layers to skip']} without such "
            f"layers, {found['failed']} failed"
        )
        told += estimates(found, ("layers", *ROWS), JUDGED)
    return told
