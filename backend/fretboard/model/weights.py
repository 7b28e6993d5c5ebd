"""Whether a checkpoint's weights are the ones that its architecture needs.

transformers fills what is missing with random numbers and goes on; a model so filled answers, and
answers otherwise the next time.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Any

from fretboard.core.errors import UnsupportedModel

log = logging.getLogger(__name__)
# Parts that no answer depends on: SigLIP's pooling head, and buffers that are computed anew.
HARMLESS = re.compile(r"vision_model\.head\.|\.position_ids$|\.inv_freq$")
NAMED = 5  # keys that a sentence names


def check_weights(source: str, report: Mapping[str, Any]) -> None:
    """report: transformers' `output_loading_info`. Raises UnsupportedModel; logs left-over keys."""
    missing = sorted(key for key in report["missing_keys"] if not HARMLESS.search(key))
    left_over = sorted(report["unexpected_keys"])
    if missing:
        raise UnsupportedModel(
            f"{source} lacks {_counted(missing)} of its architecture: {_listed(missing)}. "
            + _reason(left_over)
        )
    shapes = sorted(report["mismatched_keys"])
    if shapes:
        name, stored, needed = shapes[0]
        raise UnsupportedModel(
            f"{source}: {_counted(shapes)} have another shape than config.json says; {name} is "
            f"{tuple(stored)}, not {tuple(needed)}. Take config.json and the weights from the "
            "same source."
        )
    if report["error_msgs"]:
        first = " ".join(str(report["error_msgs"][0]).split())
        raise UnsupportedModel(f"{source}: weights could not be read ({first}). Download it again.")
    if left_over:
        log.warning("%s: %s not used: %s", source, _counted(left_over), _listed(left_over))


def _reason(left_over: list[str]) -> str:
    """What may have become of the missing weights."""
    prefix = _shared(left_over)
    if prefix and len(left_over) > 1:
        return (
            f"All {len(left_over)} weights that it has instead begin with `{prefix}.`, which the "
            "architecture does not know: merge an adapter into its model, or save the weights "
            "without that prefix."
        )
    if left_over:
        return (
            f"It has {_counted(left_over)} that the architecture does not know: "
            f"{_listed(left_over)}. Correct config.json, or take the weights that belong to it."
        )
    return "They would be random numbers. Download the checkpoint again, or save the whole model."


def _shared(keys: list[str]) -> str:
    """The parts that all of them begin with."""
    columns = zip(*(key.split(".")[:-1] for key in keys), strict=False)
    return ".".join(column[0] for column in takewhile(lambda column: len({*column}) == 1, columns))


def _counted(keys: Iterable[Any]) -> str:
    count = len(list(keys))
    return f"{count} weight{'s' * (count != 1)}"


def _listed(keys: list[str]) -> str:
    more = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
    return ", ".join(keys[:NAMED]) + more
