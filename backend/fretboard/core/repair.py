"""Repairs: ways to decode that are said to hallucinate less, and their settings. No torch.

A setting given for the 32 layers of the papers' 7B models is scaled to the model's L layers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from fretboard.core.errors import InputError
from fretboard.core.validation import MOST_DIGITS, from_pairs

PAPER_LAYERS = 32  # of the LLaMA-7B decoders that the papers give their layers for
OF_LAYERS = {"depths", "layers", "critical_depth"}  # settings that the number of layers bounds


class RepairKind(StrEnum):
    """How the logits that a token is decoded from are made."""

    NONE = "none"
    DOLA = "dola"
    DECO = "deco"
    SKIP_ON_REVERSAL = "skip-on-reversal"
    VCD = "vcd"
    FADE = "fade"


def _numbers(value: Any, info: ValidationInfo) -> Any:
    """As typed, `8-10`, or numbers already."""
    return parse_numbers(value, str(info.field_name)) if isinstance(value, str) else value


def parse_numbers(text: str, name: str) -> tuple[int, ...]:
    """`"6-9,12"` → (6, 7, 8, 9, 12), sorted and unique. Raises InputError on anything else."""
    chosen: set[int] = set()
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        first, dash, last = part.partition("-")
        ends = (first.strip(), (last if dash else first).strip())
        if not all(end.isdecimal() and len(end) <= MOST_DIGITS for end in ends):
            raise InputError(f"{name} has {part[:40]!r}; write numbers and ranges, such as 6-9,12.")
        low, high = map(int, ends)
        if high < low:
            raise InputError(f"{name} has the range {part!r}; write it low-high, such as 6-9.")
        chosen.update(range(low, high + 1))
    return tuple(sorted(chosen))


Numbers = Annotated[tuple[int, ...], BeforeValidator(_numbers)]


class RepairSettings(BaseModel):
    """Of all kinds; None or (): not given (see `settled`)."""

    model_config = ConfigDict(frozen=True)

    strength: Annotated[float | None, Field(ge=0, allow_inf_nan=False)] = None
    """Weight of what is added or contrasted; 0 = plain decoding."""
    plausibility: Annotated[float | None, Field(gt=0, le=1)] = None
    """Words below this share of the leader's probability are out; 1 = plain decoding."""
    top_p: Annotated[float | None, Field(gt=0, le=1)] = None
    top_k: Annotated[int | None, Field(ge=1)] = None
    depths: Numbers = ()
    """Depths read early, 0…L−1."""
    critical_depth: Annotated[int | None, Field(ge=1)] = None
    """Where the stabilisation begins."""
    layers: Numbers = ()
    """Decoder layers whose MLPs are damped, 0…L−1."""
    factor: Annotated[float | None, Field(ge=0, le=1)] = None
    """What their outputs are multiplied with; 1 = plain decoding."""


class Repair(RepairSettings):
    """A repair and those settings that its kind has."""

    kind: RepairKind = RepairKind.NONE

    def __str__(self) -> str:
        """As it is written in a request: `deco strength=0.6 depths=8-10`."""
        if self.kind is RepairKind.NONE:
            return ""
        settings = self.model_dump(exclude={"kind"}, exclude_defaults=True)
        return written(self.kind, settings)

    @property
    def title(self) -> str:
        """The name of the repair for people."""
        return ABOUT[self.kind].title if self.kind in ABOUT else ""


@dataclass(frozen=True)
class About:
    """A repair for people, and its settings by default: given L layers, name → value."""

    title: str
    does: str
    paper: str
    arxiv: str
    defaults: Callable[[int], Mapping[str, Any]]


def _scaled(depth: int, layers: int) -> int:
    return max(1, min(layers - 1, round(depth * layers / PAPER_LAYERS)))


ABOUT: dict[RepairKind, About] = {
    RepairKind.DOLA: About(
        "DoLa",
        "Contrasts the model's distribution with the early depth that differs from it most.",
        "Chuang et al., DoLa: Decoding by Contrasting Layers",
        "2309.03883",
        # The lower of the paper's buckets, for long answers: every second depth below L/2.
        lambda layers: {"plausibility": 0.1, "depths": tuple(range(0, max(1, layers // 2), 2))},
    ),
    RepairKind.DECO: About(
        "DeCo",
        "Adds the logits of the depth that is surest of one of the model's candidates.",
        "Wang et al., MLLM Can See? Dynamic Correction Decoding",
        "2410.11779",
        # Depths 20 to 28 of 32, as in the paper's code.
        lambda layers: {
            "strength": 0.6,
            "top_p": 0.9,
            "top_k": 20,
            "depths": tuple(range(_scaled(20, layers), _scaled(28, layers) + 1)),
        },
    ),
    RepairKind.SKIP_ON_REVERSAL: About(
        "Skip on reversal",
        "Where a rival led and lost late, decodes without the layers that overturned it.",
        "after skip.2 of Towards Understanding How Knowledge Evolves in LVLMs",
        "2504.02862",
        # The paper's critical layer, 18 of 32: an answer's own is known only when it is whole.
        lambda layers: {"critical_depth": _scaled(18, layers)},
    ),
    RepairKind.VCD: About(
        "VCD",
        "Contrasts the model's distribution with the one it has for a blank image.",
        "Leng et al., Visual Contrastive Decoding",
        "2311.16922",
        lambda _layers: {"strength": 1.0, "plausibility": 0.1},
    ),
    RepairKind.FADE: About(
        "FADE",
        "Damps the MLPs of the last third of the layers, which bring in the language prior.",
        "Guo et al., FADE: FFN Attenuation for Decoding",
        "2606.29431",
        # Where the bundled model's MLPs lean to the prior (docs/experiments.md).
        lambda layers: {
            "layers": tuple(range(layers - max(1, layers // 3), layers)),
            "factor": 0.5,
        },
    ),
}


def parse_repair(text: str, layers: int | None = None) -> Repair:
    """`"deco strength=0.8"` → the repair, settled for `layers` where they are known.

    Raises InputError that names the kinds, the settings, or what a value has to be.
    """
    kind, *settings = text.split() or [RepairKind.NONE.value]
    if kind not in list(RepairKind):
        raise InputError(f"There is no repair {kind!r}; choose {', '.join(RepairKind)}.")
    changed = from_pairs(RepairSettings, "setting of a repair", settings)
    chosen = changed.model_dump(exclude_unset=True)
    return settled(Repair(kind=RepairKind(kind), **chosen), layers)


def settled(repair: Repair, layers: int | None) -> Repair:
    """With all settings of its kind, for a model of `layers` layers; None: what that needs waits.

    Raises InputError for a setting that the kind does not have, or out of range.
    """
    changed = repair.model_dump(exclude={"kind"}, exclude_defaults=True)
    about = ABOUT.get(repair.kind)
    defaults = about.defaults(layers or PAPER_LAYERS) if about else {}
    unknown = sorted(changed.keys() - defaults.keys())
    if unknown:
        has = ", ".join(defaults) or "no settings"
        raise InputError(f"The repair {repair.kind} has no {unknown[0]}; it has {has}.")
    _check_layers(changed, layers)
    if not layers:
        defaults = {name: value for name, value in defaults.items() if name not in OF_LAYERS}
    return repair.model_copy(update={**defaults, **changed})


def spans(numbers: tuple[int, ...]) -> str:
    """(6, 7, 8, 12) → `6-8,12`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(f"{r[0]}-{r[-1]}" if len(r) > 1 else str(r[0]) for r in runs)


def written(head: str, settings: Mapping[str, Any]) -> str:
    """`deco strength=0.6 depths=8-10`: the inverse of `validation.from_pairs`, behind a word."""
    return " ".join([head, *(f"{name}={_value(value)}" for name, value in settings.items())])


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return spans(value)
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def _check_layers(settings: Mapping[str, Any], layers: int | None) -> None:
    for name in OF_LAYERS & settings.keys():
        numbers = settings[name] if isinstance(settings[name], tuple) else (settings[name],)
        outside = [number for number in numbers if layers is not None and number >= layers]
        if layers is not None and outside:
            first = 1 if name == "critical_depth" else 0
            raise InputError(
                f"The repair's {name} has {outside[0]}; the model has {first} to {layers - 1}."
            )
