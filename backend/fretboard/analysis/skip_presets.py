"""The paper's three sets of layers to skip, from an answer's own stages (METHOD: Interventions).

Decoder layer d−1 turns depth d−1 into depth d. With critical depth c, a mutation at depth m and
L layers (depths 0…L):

    skip.1  layers c … m−2   all that lies between: depth c stands in for depth m−1
    skip.2  layer m−1        of every token that mutates
    skip.3  layers c … L−1−k from the critical depth on; the last k still run

The paper names no end points. Ours: m of skip.1 is the answer's earliest mutation depth, so that
no mutation layer is in it; "to the last 5" keeps the last 5 of the paper's 32 layers, so k is 5
in proportion to L, at least 1. Free of torch.
"""

from typing import Literal, get_args

from fretboard.core.analysis import Analysis, Stages
from fretboard.core.errors import InputError
from fretboard.lens.stages import PAPER_LAYERS

Preset = Literal["skip.1", "skip.2", "skip.3"]
PRESETS: tuple[Preset, ...] = get_args(Preset)
PAPER_LAST_LAYERS = 5  # of its 32


def preset_layers(preset: Preset, analysis: Analysis) -> tuple[int, ...]:
    """The layers, 0…L−1, sorted. Raises InputError where the answer's stages leave none."""
    _check_stages(preset, analysis.stages)
    if preset == "skip.2":
        return _some(preset, {depth - 1 for depth in _mutations(preset, analysis)}, "")
    first = _critical(preset, analysis)
    if preset == "skip.1":
        end = min(_mutations(preset, analysis)) - 1
        return _some(preset, range(first, end), f"depth {first} is next to the mutation")
    if preset == "skip.3":
        layers = analysis.model.layers
        return _some(
            preset,
            range(first, layers - last_layers(layers)),
            f"after depth {first} there are only the last layers",
        )
    raise InputError(f"There is no preset {preset!r}; there are {', '.join(PRESETS)}.")


def last_layers(layers: int) -> int:
    """How many layers at the end skip.3 leaves: the paper's 5 of 32 in proportion, at least 1."""
    return max(1, round(PAPER_LAST_LAYERS * layers / PAPER_LAYERS))


def _check_stages(preset: Preset, stages: Stages | None) -> None:
    if stages is not None and stages.verdict == "none":
        raise InputError(
            f"{preset} needs the three stages. {stages.reason} Give the layers themselves, such as "
            "6-9, or a critical depth."
        )


def _critical(preset: Preset, analysis: Analysis) -> int:
    depth = analysis.stages.critical_depth if analysis.stages else None
    if depth is None:
        raise InputError(f"{preset} needs a critical depth, and this answer shows none. Give one.")
    return depth


def _mutations(preset: Preset, analysis: Analysis) -> list[int]:
    depths = [t.mutation_depth for t in analysis.tokens if t.mutation_depth is not None]
    if not depths:
        raise InputError(f"{preset} needs a mutation, and no token of this answer has one.")
    return depths


def _some(preset: Preset, layers: range | set[int], why: str) -> tuple[int, ...]:
    if not layers:
        raise InputError(f"{preset} would skip no layer here: {why}.")
    return tuple(sorted(layers))
