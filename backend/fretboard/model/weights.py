"""Whether a checkpoint's weights are the ones that its architecture needs.

transformers fills what is missing with random numbers and goes on; a model so filled answers, and
answers otherwise the next time.
"""

import copy
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedConfig

from fretboard.core.errors import UnsupportedModel
from fretboard.core.shape import LAYERS
from fretboard.model.files import WEIGHTS

log = logging.getLogger(__name__)
# Parts that no answer depends on: SigLIP's pooling head, and buffers that are computed anew.
HARMLESS = re.compile(r"vision_model\.head\.|\.position_ids$|\.inv_freq$")
NAMED = 5  # keys that a sentence names
MOST_LAYERS = 2000
# Parameters a byte of the files: one bit each, and as much again for what is tied.
MOST_PARAMETERS_A_BYTE = 16
LEAST_BYTES = 2**24  # of files; what is smaller does no harm


def check_size(folder: Path, config: Any, auto: Any) -> None:
    """Whether the files can hold what config.json asks for, before memory is taken for it.

    auto: the class that builds it. Raises UnsupportedModel.
    """
    decoder = config.get_text_config(decoder=True)
    for name, count, least in [*_layer_counts(config, 0), *_layer_counts(decoder, 1)]:
        if not least <= count <= MOST_LAYERS:
            raise UnsupportedModel(
                f"{folder / 'config.json'}: `{name}` is {count}, which is no model's number of "
                "layers. Correct it, or take the file from its source again."
            )
    files = (path for pattern in WEIGHTS for path in folder.glob(pattern))
    most = MOST_PARAMETERS_A_BYTE * max(LEAST_BYTES, sum(path.stat().st_size for path in files))
    needed = 0
    with suppress(Exception), torch.device("meta"):  # what is wrong with it, loading says
        model = auto.from_config(copy.deepcopy(config))
        needed = sum(weight.numel() for weight in model.parameters())
    if needed > most:
        raise UnsupportedModel(
            f"{folder / 'config.json'} asks for {needed:.2g} parameters, which the weights beside "
            "it cannot hold: one of its sizes is wrong. Take the file from its source again."
        )


def _layer_counts(config: Any, least: int) -> Iterator[tuple[str, int, int]]:
    """(name, number, least) of all parts of a config."""
    for part in vars(config).values():
        if isinstance(part, PreTrainedConfig):
            yield from _layer_counts(part, least)
    counts = ((name, vars(config).get(name)) for name in (*LAYERS, "depth"))
    yield from ((name, count, least) for name, count in counts if isinstance(count, int))


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
    return ", ".join(f"{key:.100}" for key in keys[:NAMED]) + more
