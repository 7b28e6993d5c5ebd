"""Numbers beside the pictures: what is there to see, measured. Free of torch."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from fretboard.core.analysis import Analysis, Token

Curves = dict[str, np.ndarray]
NEAR_ZERO = 0.1  # a mean probability below is called near zero


def stages_sentence(analysis: Analysis) -> str:
    """Critical depth with interval, probability view and mutations, as a sentence."""
    stages = analysis.stages
    if stages is None or stages.critical_depth is None:
        return (stages and stages.reason) or "No critical depth is found."
    low, high = stages.critical_interval or (stages.critical_depth,) * 2
    depths = [t.mutation_depth for t in analysis.tokens if t.mutation_depth is not None]
    where = f" (depths {', '.join(map(str, sorted(set(depths))))})" if depths else ""
    return (
        f"Critical depth {stages.critical_depth} of {analysis.model.layers} (interval "
        f"{low}–{high}), by probability {stages.probability_depth}; {len(depths)} of "
        f"{len(analysis.tokens)} tokens mutate{where}."
    )


def example_of(
    captions: Sequence[Analysis], kind: Literal["stable", "mutation"]
) -> tuple[Analysis, Token] | None:
    """The token of the class that takes shape last: the plainest to see. Reversals go first.

    A stable one leads by the critical depth: later, it may be a mutation that was missed.
    """
    examples = [
        (token.reversal is not None, token.emergence or 0, -place, caption, token)
        for place, caption in enumerate(captions)
        for token in caption.tokens
        if token.token_class == kind and token.text.strip(" .,") and _in_time(caption, token)
    ]
    best = max(examples, key=lambda f: f[:3], default=None)
    return None if best is None else best[3:]


def _in_time(analysis: Analysis, token: Token) -> bool:
    critical = analysis.stages.critical_depth if analysis.stages else None
    if token.emergence is None or critical is None:
        return False
    return token.token_class == "mutation" or token.emergence <= critical


def mean_curves(captions: Sequence[Analysis], probability: Sequence[np.ndarray]) -> Curves:
    """Mean probability of the emitted tokens by depth, for all and for each class."""
    table = np.concatenate(probability, axis=1)
    kinds = np.array([token.token_class or "" for caption in captions for token in caption.tokens])
    curves = {"all": table.mean(axis=1)}
    for kind in ("stable", "mutation"):
        if (kinds == kind).any():
            curves[kind] = table[:, kinds == kind].mean(axis=1)
    return curves


def jump_sentences(curves: Curves, captions: Sequence[Analysis]) -> list[str]:
    """Where the mean rises, how steeply, and how that compares with the critical depths."""
    mean = curves["all"]
    steps = np.diff(mean)
    first = int(np.argmax(mean >= NEAR_ZERO))
    critical = [o.stages.critical_depth for o in captions if o.stages and o.stages.critical_depth]
    tokens = [token for caption in captions for token in caption.tokens]
    mutating = sum(token.token_class == "mutation" for token in tokens)
    layers = len(mean) - 1
    return [
        f"mean probability of the emitted token is below {NEAR_ZERO} up to depth {first - 1} and "
        f"rises most from {mean[steps.argmax()]:.2f} at depth {steps.argmax()} to "
        f"{mean[steps.argmax() + 1]:.2f} at {steps.argmax() + 1}; at depth {layers} it is "
        f"{mean[-1]:.2f}.",
        f"critical depths of {len(captions)} captions: median {np.median(critical):g} of {layers} "
        f"(from {min(critical)} to {max(critical)}); {mutating} of {len(tokens)} tokens mutate."
        if critical
        else "no critical depth is found.",
    ]


def bands_sentences(jsd: np.ndarray, analysis: Analysis) -> list[str]:
    """Mean JSD of the stages: pairs that end up to the critical depth, after it, and peaks."""
    critical = analysis.stages.critical_depth if analysis.stages else None
    if critical is None:
        return ["No critical depth is found."]
    late = jsd[critical:]
    stands_out = [t for t in analysis.tokens if t.mutation_depth is not None]
    peaks = [float(jsd[t.mutation_depth - 1, t.index]) for t in stands_out if t.mutation_depth]
    return [
        f"Mean JSD up to depth {critical}: {jsd[:critical].mean():.3f} nats; after it: "
        f"{late.mean():.4f} (median {np.median(late):.5f}).",
        f"{len(peaks)} mutation peaks, mean {np.mean(peaks):.2f} nats."
        if peaks
        else "No mutation.",
    ]


def scaled(states: np.ndarray) -> np.ndarray:
    """(depth, token, width), each column divided by its largest absolute value, as in the maps."""
    largest = np.abs(states).max(axis=(0, 1))
    return np.asarray(states / np.where(largest > 0, largest, 1))


def growth_sentence(points: np.ndarray) -> str:
    """Radial growth and neighbourhood of depths on (depth, token, axes) points.

    Radius: mean distance of a depth's points from the centre of the first depth's. Beside: share
    of points whose nearest point of the same token is an adjacent depth's.
    """
    from scipy.stats import spearmanr

    centre = points[0].mean(axis=0)
    radius = np.linalg.norm(points - centre, axis=2).mean(axis=1)
    order = float(spearmanr(np.arange(len(radius)), radius).statistic)
    apart = np.linalg.norm(points[:, None] - points[None], axis=3)
    depths = np.arange(len(points))
    apart[depths, depths] = np.inf
    beside = float((np.abs(apart.argmin(axis=1) - depths[:, None]) == 1).mean())
    return (
        f"mean radius {radius[0]:.3g} at the first depth, {radius[len(radius) // 2]:.3g} half way, "
        f"{radius[-1]:.3g} at the last (rank correlation with depth {order:.2f}); {beside:.0%} of "
        "the points have an adjacent depth as nearest of their own token."
    )
