"""How far images lie apart at each depth, in the original space (METHOD: Level 3, the guitar).

At each depth by itself, states are scaled to length one, columns divided by their root mean square
over the images (else two or three massive activations decide every cosine), and states scaled to
length one again. The dispersion of n images is then 1 − the mean cosine of their pairs: half their
mean squared distance. It has no unit and lies in [0, n/(n−1)]; 0: all point the same way, 1: they
are unrelated. Growth of the residual stream cancels, for each state by itself.
"""

from dataclasses import dataclass

import numpy as np

from fretboard.lens.change_point import central_interval, change_points

RESAMPLES = 200
SHUFFLES = 200
COVERAGE = 0.9
FEWEST_DEPTHS = 3
FEWEST_IMAGES = 3  # to draw again; two have one distance


@dataclass(frozen=True)
class NeckEnd:
    """The change point of a dispersion profile; the body is depth `depth` and above."""

    depth: int | None
    """None where the dispersion never rises, or depths are too few."""
    interval: tuple[int, int] | None
    """Central 90 % when images are drawn again; None below three images."""
    neck: float | None
    """Mean dispersion below `depth` …"""
    body: float | None
    """… and from it on."""
    explained: float
    """Share of the profile's variance that the rise explains, in [0, 1]; 0 where there is none."""


@dataclass(frozen=True)
class ShuffledControl:
    """`explained` where each image's depths are permuted by themselves: no guitar is left.

    Shuffling also makes neighbouring depths independent, which real ones are not: a profile that
    merely wanders can rank low. Read the rank beside `neck` and `body`, not as a p-value.
    """

    explained: np.ndarray
    """(shuffles,)"""
    rank: float
    """(1 + shuffles that explain at least as much) / (1 + shuffles): small speaks for a guitar."""


@dataclass(frozen=True)
class Dispersion:
    """Of one token position over n images. profile: (depths,), its first entry `first_depth`."""

    profile: np.ndarray
    first_depth: int
    neck_end: NeckEnd
    control: ShuffledControl


def disperse(hidden_states: np.ndarray, drop_first_depth: bool = True, seed: int = 0) -> Dispersion:
    """Profile, neck end and control of (L+1, images, width) states.

    Depth 0 holds embeddings, often of one and the same token, and is left out as in the maps.
    Raises ValueError below two images or three depths, or where a state is zero or not finite.
    """
    if hidden_states.ndim != 3:
        raise ValueError(
            f"Hidden states have shape {hidden_states.shape}; (depth, image, width) is needed."
        )
    kept = hidden_states[1:] if drop_first_depth else hidden_states
    cosines = _cosines(kept)
    profile = _profile(cosines)
    first = int(drop_first_depth)
    neck_end = _neck_end(cosines, profile, first, seed)
    return Dispersion(profile, first, neck_end, _control(cosines, neck_end.explained, seed))


def _directions(hidden_states: np.ndarray) -> np.ndarray:
    """(depths, images, width) float64 of length one, columns made comparable at each depth."""
    if hidden_states.shape[1] < 2:
        raise ValueError("Dispersion lies between images; choose at least 2.")
    if not np.isfinite(hidden_states).all():
        raise ValueError("The hidden states hold infinite or undefined values.")
    states = _unit(hidden_states.astype(np.float64))
    size = np.sqrt(np.square(states).mean(axis=1, keepdims=True))
    return _unit(states / np.where(size > 0, size, 1.0))


def _unit(states: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(states, axis=2, keepdims=True)
    if not lengths.all():
        raise ValueError("A hidden state is zero; it has no direction.")
    return states / lengths


def _cosines(hidden_states: np.ndarray) -> np.ndarray:
    """(depths, images, depths, images): of every state with every other."""
    depths, images, width = hidden_states.shape
    if depths < FEWEST_DEPTHS:
        raise ValueError(f"{depths} depths have no neck and body; at least {FEWEST_DEPTHS} do.")
    flat = _directions(hidden_states).reshape(-1, width)
    return (flat @ flat.T).reshape(depths, images, depths, images)


def _profile(cosines: np.ndarray) -> np.ndarray:
    images = cosines.shape[1]
    total = np.einsum("didj->d", cosines)
    return 1 - (total - images) / (images * (images - 1))


def _neck_end(cosines: np.ndarray, profile: np.ndarray, first: int, seed: int) -> NeckEnd:
    split = int(change_points(profile[None], rising=True)[0])
    neck, body = float(profile[:split].mean()), float(profile[split:].mean())
    explained = float(_explained(profile[None])[0])
    if explained == 0:
        return NeckEnd(None, None, None, None, 0.0)
    interval = None
    if cosines.shape[1] >= FEWEST_IMAGES:
        low, high = central_interval(_resampled(cosines, seed), COVERAGE, rising=True)
        interval = (low + first, high + first)
    return NeckEnd(split + first, interval, neck, body, explained)


def _explained(profiles: np.ndarray) -> np.ndarray:
    """(n, depths) → (n,): the best rising two-level fit's share of the variance."""
    splits = change_points(profiles, rising=True)
    depths = profiles.shape[1]
    body = np.arange(depths) >= splits[:, None]
    means = [np.mean(profiles, axis=1, where=part) for part in (~body, body)]
    step = np.maximum(means[1] - means[0], 0)
    between = step**2 * splits * (depths - splits) / depths**2
    variance = profiles.var(axis=1)
    # Rounding makes a profile of equal values vary in its last bits; that is no rise.
    flat = variance <= (depths * np.finfo(np.float64).eps) ** 2
    return np.where(flat, 0.0, between / np.where(flat, 1.0, variance))


def _resampled(cosines: np.ndarray, seed: int) -> np.ndarray:
    """(resamples, depths): profiles of images drawn again with replacement.

    An image drawn twice pairs with itself at cosine 1; that lowers all depths by one factor.
    """
    images = cosines.shape[1]
    same = np.einsum("didj->dij", cosines)
    random = np.random.default_rng(seed)
    weights = random.multinomial(images, np.full(images, 1 / images), RESAMPLES).astype(np.float64)
    total = np.einsum("ri,rdi->rd", weights, np.einsum("dij,rj->rdi", same, weights))
    return 1 - (total - images) / (images * (images - 1))


def _control(cosines: np.ndarray, explained: float, seed: int) -> ShuffledControl:
    depths, images = cosines.shape[:2]
    random = np.random.default_rng(seed)
    image = np.arange(images)
    profiles = np.empty((SHUFFLES, depths))
    for shuffle in range(SHUFFLES):
        at = random.permuted(np.tile(np.arange(depths), (images, 1)), axis=1).T
        total = cosines[at[:, :, None], image[:, None], at[:, None, :], image].sum(axis=(1, 2))
        profiles[shuffle] = 1 - (total - images) / (images * (images - 1))
    values = _explained(profiles)
    return ShuffledControl(values, float((1 + (values >= explained).sum()) / (1 + SHUFFLES)))
