"""Are the three stages there at all? One class for each shape of an answer's two profiles.

The three stages are a hypothesis about a model (METHOD: Stages, detected). With c the change point
of the mean log JSD, they claim that the mean JSD is much larger before c than after it, and that
the emitted words take shape by then. Each rival hypothesis fails one claim:

    early     c lies within the first two pairs: the embeddings are left, and nothing more
    constant, rise, resumed   mean JSD before c is less than `stage_drop` times that after c
    fall      from its peak on, a straight line fits the mean JSD at least as well as two levels; or
              it fits the mean log JSD so (an even fall by a factor) and explains most of it
    wordless  the mean probability of the emitted words gains less than `stage_gain` in all
    late      half of that gain lies more than `stage_lag` · L depths after c: the views disagree

The tokens are drawn again, every drawing is classed by itself, and stages are found where at least
`stage_share` of the drawings, and the answer as it is, show them. benchmarks/stage_validation.py
measures how often that errs.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from fretboard.core.reading import SEED, Thresholds
from fretboard.lens.change_point import change_points, log_jsd, resampled

EARLY_PAIRS = 2
FEWEST_PAIRS = 3  # two pairs have one split, and no profile
FEWEST_TOKENS = 3  # of one or two of SmolLM2's tokens 24 % and 7 % seem to have stages
STEADY = 0.7  # correlation with depth from which a change is called steady
EVEN = 0.65  # share of the log JSD's variance that the line of an even fall explains
RESUMES = 1.5  # last third over first third of the pairs after c
TINY = 1e-12  # keeps a profile that does not move from a division by zero


class Shape(IntEnum):
    """What an answer's profiles look like."""

    STAGES = 0
    EARLY = 1
    CONSTANT = 2
    RISE = 3
    FALL = 4
    RESUMED = 5
    WORDLESS = 6
    LATE = 7


NAMES = {
    Shape.EARLY: f"a change in the first {EARLY_PAIRS} pairs alone",
    Shape.CONSTANT: "no change that lasts",
    Shape.RISE: "a steady rise",
    Shape.FALL: "a steady fall that does not level off",
    Shape.RESUMED: "a rise again in the last layers",
    Shape.WORDLESS: "no words that take shape",
    Shape.LATE: "two views that disagree",
}


class Profiles(NamedTuple):
    """Means over tokens, one row a drawing: (n, L), (n, L) and (n, L+1)."""

    jsd: np.ndarray
    log_jsd: np.ndarray
    probability: np.ndarray


def objection(jsd: np.ndarray, probability: np.ndarray, thresholds: Thresholds) -> str | None:
    """Why the answer shows no stages, as a part of a sentence; None where it shows them.

    jsd (L, T) nats, probability of the emitted tokens (L+1, T).
    """
    if jsd.shape[0] < FEWEST_PAIRS or jsd.shape[1] < FEWEST_TOKENS:
        return f"an answer shows them with {FEWEST_TOKENS} tokens and {FEWEST_PAIRS} layers or more"
    tables = (jsd.astype(np.float64), log_jsd(jsd), probability.astype(np.float64))
    whole = Profiles(*(table.mean(axis=1)[None] for table in tables))
    drawn = Profiles(*(resampled(table, thresholds.resamples, SEED) for table in tables))
    own = Shape(shapes(whole, thresholds)[0])
    if own != Shape.STAGES:
        return _sentence(own, whole, thresholds)
    counts = np.bincount(shapes(drawn, thresholds), minlength=len(Shape))
    if counts[own] >= thresholds.stage_share * counts.sum():
        return None
    rival = Shape(1 + int(counts[1:].argmax()))
    return (
        f"stages in only {counts[own]} of {counts.sum()} resamplings of the tokens, in most others "
        f"{NAMES[rival]}"
    )


def shapes(profiles: Profiles, thresholds: Thresholds) -> np.ndarray:
    """(n,) Shape of every drawing."""
    jsd, critical = profiles.jsd, change_points(profiles.log_jsd)
    before, after = _levels(jsd, critical)
    calm = before >= thresholds.stage_drop * after
    course = _course(jsd)
    half, gain = half_way(profiles.probability)
    checks = [
        (critical <= EARLY_PAIRS, Shape.EARLY),
        (~calm & (_resumption(jsd, critical) >= RESUMES), Shape.RESUMED),
        (~calm & (course >= STEADY), Shape.RISE),
        (~calm & (course <= -STEADY), Shape.FALL),
        (~calm, Shape.CONSTANT),
        (_is_straight(jsd) | _is_even(profiles.log_jsd), Shape.FALL),
        (gain < thresholds.stage_gain, Shape.WORDLESS),
        (half > critical + _lag(jsd, thresholds), Shape.LATE),
    ]
    held, names = zip(*checks, strict=True)
    return np.select(held, names, Shape.STAGES)


def half_way(probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, L+1) → the first depth with half of the whole gain, and that gain; (n,) each."""
    first, last = probability[:, :1], probability[:, -1:]
    return (probability >= (first + last) / 2).argmax(axis=1), (last - first)[:, 0]


def _lag(jsd: np.ndarray, thresholds: Thresholds) -> float:
    return thresholds.stage_lag * jsd.shape[1]


def _levels(jsd: np.ndarray, critical: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean JSD of the pairs before the critical depth, and of those after it."""
    early = np.arange(jsd.shape[1]) < critical[:, None]
    return jsd.mean(axis=1, where=early), jsd.mean(axis=1, where=~early)


def _resumption(jsd: np.ndarray, critical: np.ndarray) -> np.ndarray:
    """Mean JSD of the last third of the pairs after the critical depth over that of the first."""
    count = jsd.shape[1]
    pairs, third = np.arange(count), np.maximum(1, (count - critical) // 3)[:, None]
    first = (pairs >= critical[:, None]) & (pairs < critical[:, None] + third)
    last = pairs >= count - third
    return jsd.mean(axis=1, where=last) / np.maximum(jsd.mean(axis=1, where=first), TINY)


def _course(jsd: np.ndarray) -> np.ndarray:
    """Correlation of the mean JSD with depth; 0 where it does not change at all."""
    pairs = np.arange(jsd.shape[1]) - (jsd.shape[1] - 1) / 2
    centred = jsd - jsd.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(pairs) * np.linalg.norm(centred, axis=1)
    return centred @ pairs / np.maximum(norms, TINY)


def _is_straight(jsd: np.ndarray) -> np.ndarray:
    """Whether, from its peak on, a line explains at least as much of a row as its best step."""
    return np.array([_line(tail) >= _step(tail) for tail in map(_from_peak, jsd)])


def _is_even(log_jsd: np.ndarray) -> np.ndarray:
    """Whether a row falls by the same factor from pair to pair: more of a line than of a step."""
    lines = np.array([_line(row) for row in log_jsd])
    steps = np.array([_step(row) for row in log_jsd])
    return (lines >= EVEN) & (lines >= steps) & (_course(log_jsd) < 0)


def _from_peak(row: np.ndarray) -> np.ndarray:
    return row[row.argmax() :]


def _line(row: np.ndarray) -> float:
    return float(_course(row[None])[0] ** 2)


def _step(row: np.ndarray) -> float:
    """The share of a row's variance that its best fall between two levels explains."""
    if len(row) < FEWEST_PAIRS:
        return 0.0
    split = int(change_points(row[None])[0])
    levels = np.where(np.arange(len(row)) < split, row[:split].mean(), row[split:].mean())
    return float(levels.var() / max(row.var(), TINY))


def _sentence(shape: Shape, whole: Profiles, thresholds: Thresholds) -> str:
    """The reason with the answer's own numbers, and the views' disagreement beside it."""
    critical = change_points(whole.log_jsd)
    (before,), (after,) = _levels(whole.jsd, critical)
    (half,), (gain,) = half_way(whole.probability)
    depth, last = int(critical[0]), whole.jsd.shape[1]
    early, later = whole.jsd[0, :EARLY_PAIRS].mean(), whole.jsd[0, EARLY_PAIRS:].mean()
    apart = f"half of what the emitted words gain in probability comes after depth {half - 1}"
    if shape == Shape.EARLY:
        detail = f"mean JSD {early:.3g} nats there, {later:.3g} after"
    elif shape == Shape.WORDLESS:
        detail = f"the emitted words gain {gain:.2f} in mean probability from depth 0 to {last}"
    elif shape == Shape.LATE:
        return f"{NAMES[shape]} (by JSD the change ends at depth {depth}, yet {apart})"
    else:
        detail = f"mean JSD {before:.3g} nats up to depth {depth}, {after:.3g} after"
    sentence = f"{NAMES[shape]} ({detail})"
    if shape != Shape.WORDLESS and half > depth + _lag(whole.jsd, thresholds):
        sentence = f"{sentence}, and {NAMES[Shape.LATE]} ({apart})"
    return sentence
