"""The kinds of fit: what each makes of one answered example after another."""

import math
from collections.abc import Iterator, Mapping
from typing import Protocol

import torch
from torch import Tensor

from fretboard.core.fitted_lens import FittedKind, Span
from fretboard.core.reading import Lens
from fretboard.engine.causal.forced import Forced
from fretboard.engine.lens_fit.examples import sources, states_at
from fretboard.engine.lens_fit.gradients import products
from fretboard.lens.jacobian import JacobianMean, signs
from fretboard.lens.translators import Tuning
from fretboard.model.anatomy import Anatomy

GROUP = 2048  # states of the larger span that are gathered before any is learnt from
PASSES = 8  # through a group
BATCH = 256  # states of one step
PER_WORD = 5  # states that a latent lens keeps of a word

Tensors = dict[str, Tensor]


class Fitter(Protocol):
    """A fit under way. All random choices hang on the seed and the example's place alone."""

    settings: dict[str, float]
    positions: dict[Span, int]

    @property
    def settled(self) -> bool:
        """Whether `state` holds all that came."""

    def add(self, forced: Forced, place: int) -> None:
        """One example; `place` counts them through all rounds."""

    def state(self) -> Tensors:
        """For a later `restore`."""

    def restore(self, tensors: Tensors, positions: Mapping[Span, int]) -> None:
        """Go on from there."""

    def result(self) -> tuple[Tensors, dict[Span, list[float | None]]]:
        """The lens's arrays by `SPAN.weight` and `SPAN.bias`, and its standard errors."""


class JacobianFit:
    """E[∂h_L / ∂h_d], `probes` products an example; as many as the width: exact."""

    def __init__(self, anatomy: Anatomy, seed: int, probes: int) -> None:
        self.settings: dict[str, float] = {"probes": min(probes, anatomy.width)}
        self.positions: dict[Span, int] = {}
        self.settled = True
        self._seed, self._probes, self._width = seed, probes, anatomy.width
        self._means = {
            span: JacobianMean.empty(len(anatomy.layers), anatomy.width) for span in Span
        }

    def add(self, forced: Forced, place: int) -> None:
        """See Fitter."""
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + place)
        probes, at = signs(self._probes, self._width, generator), sources(forced)
        for span, rows in products(forced, at, probes).items():
            self._means[span].add(probes, rows)
            self.positions[span] = self.positions.get(span, 0) + len(at[span])

    def state(self) -> Tensors:
        """See Fitter."""
        return {
            f"{span}.{name}": tensor
            for span, mean in self._means.items()
            for name, tensor in (
                ("total", mean.total),
                ("squares", mean.squares),
                ("examples", torch.tensor(mean.examples)),
            )
        }

    def restore(self, tensors: Tensors, positions: Mapping[Span, int]) -> None:
        """See Fitter."""
        self.positions = dict(positions)
        for span in Span:
            total, squares = tensors[f"{span}.total"], tensors[f"{span}.squares"]
            count = int(tensors[f"{span}.examples"])
            self._means[span] = JacobianMean(total, squares, count)

    def result(self) -> tuple[Tensors, dict[Span, list[float | None]]]:
        """See Fitter."""
        seen = {span: mean for span, mean in self._means.items() if mean.examples}
        return (
            {f"{span}.weight": mean.mean for span, mean in seen.items()},
            {span: mean.standard_error for span, mean in seen.items()},
        )


class TunedFit:
    """Translators by Adam; the rate falls to 0 along a cosine over `total` examples."""

    def __init__(self, anatomy: Anatomy, seed: int, rate: float, total: int) -> None:
        self.settings = {"rate": rate, "group": GROUP, "batch": BATCH, "passes": PASSES}
        self.positions: dict[Span, int] = {}
        self._anatomy, self._seed, self._rate, self._total = anatomy, seed, rate, total
        layers, device = len(anatomy.layers), anatomy.device
        self._tunings = {span: Tuning(layers, anatomy.width, device) for span in Span}
        self._waiting: dict[Span, list[Tensor]] = {span: [] for span in Span}

    @property
    def settled(self) -> bool:
        """See Fitter."""
        return not any(self._waiting.values())

    def add(self, forced: Forced, place: int) -> None:
        """See Fitter."""
        for span, at in sources(forced).items():
            self._waiting[span].append(states_at(forced, at))
            self.positions[span] = self.positions.get(span, 0) + len(at)
        largest = max(sum(s.shape[1] for s in waiting) for waiting in self._waiting.values())
        if largest < GROUP and place + 1 < self._total:
            return
        for span, waiting in self._waiting.items():
            if waiting:
                self._learn(span, torch.cat(waiting, dim=1), place)
                waiting.clear()

    def _learn(self, span: Span, states: Tensor, place: int) -> None:
        rate = self._rate * 0.5 * (1 + math.cos(math.pi * place / self._total))
        for batch in self._batches(states, place):
            self._tunings[span].step(batch, self._read, rate)

    def _batches(self, states: Tensor, place: int) -> Iterator[Tensor]:
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + place)
        for _ in range(PASSES):
            order = torch.randperm(states.shape[1], generator=generator)
            yield from (states[:, part] for part in order.split(BATCH))

    def _read(self, states: Tensor) -> Tensor:
        return self._anatomy.logits(self._anatomy.normed(states))

    def state(self) -> Tensors:
        """See Fitter."""
        tensors: Tensors = {}
        for span, tuning in self._tunings.items():
            tensors |= {f"{span}.{name}": tensor for name, tensor in tuning.arrays().items()}
            tensors[f"{span}.steps"] = torch.tensor(tuning.steps)
        return tensors

    def restore(self, tensors: Tensors, positions: Mapping[Span, int]) -> None:
        """See Fitter."""
        self.positions = dict(positions)
        for span, tuning in self._tunings.items():
            own = {name: tensors[f"{span}.{name}"] for name in tuning.arrays()}
            tuning.restore(own, int(tensors[f"{span}.steps"]))

    def result(self) -> tuple[Tensors, dict[Span, list[float | None]]]:
        """See Fitter: the weight with the identity in it."""
        arrays = {}
        for span, tuning in self._tunings.items():
            if tuning.steps:
                identity = torch.eye(tuning.weight.shape[1])
                arrays[f"{span}.weight"] = tuning.weight + identity
                arrays[f"{span}.bias"] = tuning.bias
        return arrays, {}


class LatentFit:
    """States of captions' words, the first PER_WORD of each, at every depth, of length 1."""

    def __init__(self, anatomy: Anatomy) -> None:
        self.settings: dict[str, float] = {"states_of_a_word": PER_WORD}
        self.positions: dict[Span, int] = {}
        self.settled = True
        self._states = torch.empty(len(anatomy.layers), 0, anatomy.width)
        self._ids: list[int] = []

    def add(self, forced: Forced, place: int) -> None:
        """See Fitter: a word's own position is the one that predicts the next."""
        words, places = forced.emitted[:-1], []
        for index, word in enumerate(words):
            if self._ids.count(word) < PER_WORD:
                self._ids.append(word)
                places.append(index)
        if places:
            at = torch.tensor(places, device=forced.image.device) + forced.predicting.start + 1
            unit = torch.nn.functional.normalize(states_at(forced, at)[:-1].float(), dim=-1)
            self._states = torch.cat([self._states, unit], dim=1)
        self.positions = {Span.PROMPT: len(self._ids)}

    def state(self) -> Tensors:
        """See Fitter."""
        return {"image.states": self._states, "image.ids": torch.tensor(self._ids)}

    def restore(self, tensors: Tensors, positions: Mapping[Span, int]) -> None:
        """See Fitter."""
        self.positions, self._states = dict(positions), tensors["image.states"]
        self._ids = tensors["image.ids"].tolist()

    def result(self) -> tuple[Tensors, dict[Span, list[float | None]]]:
        """See Fitter."""
        return self.state(), {}


def make_fitter(
    kind: FittedKind, anatomy: Anatomy, seed: int, total: int, probes: int, rate: float
) -> Fitter:
    """total: examples of all rounds together."""
    if kind is Lens.JACOBIAN:
        return JacobianFit(anatomy, seed, probes)
    if kind is Lens.TUNED:
        return TunedFit(anatomy, seed, rate, total)
    return LatentFit(anatomy)
