"""The kinds of fit: what each makes of one answered example after another."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator

import torch
from torch import Tensor

from fretboard.core.fitted_lens import FitSettings, FittedKind, Span
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


class Fitter(ABC):
    """A fit under way. All random choices hang on the seed and the example's place alone."""

    def __init__(self, anatomy: Anatomy, chosen: FitSettings, total: int) -> None:
        """total: examples of all rounds together."""
        self.settings: dict[str, float] = {}
        self.positions: dict[Span, int] = {}
        self._anatomy, self._chosen, self._total = anatomy, chosen, total
        self._layers = len(anatomy.layers)

    @property
    def settled(self) -> bool:
        """Whether `state` holds all that came."""
        return True

    @abstractmethod
    def add(self, forced: Forced, place: int) -> None:
        """One example; `place` counts them through all rounds."""

    @abstractmethod
    def state(self) -> Tensors:
        """For a later `restore`."""

    @abstractmethod
    def restore(self, tensors: Tensors) -> None:
        """Go on from there."""

    @abstractmethod
    def result(self) -> tuple[Tensors, dict[Span, list[float | None]]]:
        """The lens's arrays by `SPAN.weight` and `SPAN.bias`, and its standard errors."""

    def _generator(self, place: int) -> torch.Generator:
        return torch.Generator().manual_seed(self._chosen.seed * 1_000_003 + place)


class JacobianFit(Fitter):
    """E[∂h_L / ∂h_d], `probes` products an example; as many as the width: exact."""

    def __init__(self, anatomy: Anatomy, chosen: FitSettings, total: int) -> None:
        super().__init__(anatomy, chosen, total)
        self.settings = {"probes": min(chosen.probes, anatomy.width)}
        self._means = {span: JacobianMean.empty(self._layers, anatomy.width) for span in Span}

    def add(self, forced: Forced, place: int) -> None:
        width, generator = self._anatomy.width, self._generator(place)
        probes, at = signs(self._chosen.probes, width, generator), sources(forced)
        for span, rows in products(forced, at, probes).items():
            self._means[span].add(probes, rows)
            self.positions[span] = self.positions.get(span, 0) + len(at[span])

    def state(self) -> Tensors:
        return {
            f"{span}.{name}": tensor
            for span, mean in self._means.items()
            for name, tensor in (
                ("total", mean.total),
                ("squares", mean.squares),
                ("examples", torch.tensor(mean.examples)),
            )
        }

    def restore(self, tensors: Tensors) -> None:
        for span in Span:
            total, squares = tensors[f"{span}.total"], tensors[f"{span}.squares"]
            count = int(tensors[f"{span}.examples"])
            self._means[span] = JacobianMean(total, squares, count)

    def result(self) -> tuple[Tensors, dict[Span, list[float | None]]]:
        seen = {span: mean for span, mean in self._means.items() if mean.examples}
        return (
            {f"{span}.weight": mean.mean for span, mean in seen.items()},
            {span: mean.standard_error for span, mean in seen.items()},
        )


class TunedFit(Fitter):
    """Translators by Adam; the rate falls to 0 along a cosine over `total` examples."""

    def __init__(self, anatomy: Anatomy, chosen: FitSettings, total: int) -> None:
        super().__init__(anatomy, chosen, total)
        self.settings = {"rate": chosen.rate, "group": GROUP, "batch": BATCH, "passes": PASSES}
        size = (self._layers, anatomy.width, anatomy.device)
        self._tunings = {span: Tuning(*size) for span in Span}
        self._waiting: dict[Span, list[Tensor]] = {span: [] for span in Span}

    @property
    def settled(self) -> bool:
        return not any(self._waiting.values())

    def add(self, forced: Forced, place: int) -> None:
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
        rate = self._chosen.rate * 0.5 * (1 + math.cos(math.pi * place / self._total))
        for batch in self._batches(states, place):
            self._tunings[span].step(batch, self._read, rate)

    def _batches(self, states: Tensor, place: int) -> Iterator[Tensor]:
        generator = self._generator(place)
        for _ in range(PASSES):
            order = torch.randperm(states.shape[1], generator=generator)
            yield from (states[:, part] for part in order.split(BATCH))

    def _read(self, states: Tensor) -> Tensor:
        return self._anatomy.logits(self._anatomy.normed(states))

    def state(self) -> Tensors:
        tensors: Tensors = {}
        for span, tuning in self._tunings.items():
            tensors |= {f"{span}.{name}": tensor for name, tensor in tuning.arrays().items()}
            tensors[f"{span}.steps"] = torch.tensor(tuning.steps)
        return tensors

    def restore(self, tensors: Tensors) -> None:
        for span, tuning in self._tunings.items():
            own = {name: tensors[f"{span}.{name}"] for name in tuning.arrays()}
            tuning.restore(own, int(tensors[f"{span}.steps"]))

    def result(self) -> tuple[Tensors, dict[Span, list[float | None]]]:
        """The weight with the identity in it."""
        arrays = {}
        for span, tuning in self._tunings.items():
            if tuning.steps:
                identity = torch.eye(tuning.weight.shape[1])
                arrays[f"{span}.weight"] = tuning.weight + identity
                arrays[f"{span}.bias"] = tuning.bias
        return arrays, {}


class LatentFit(Fitter):
    """States of captions' words, the first PER_WORD of each, at every depth, of length 1."""

    def __init__(self, anatomy: Anatomy, chosen: FitSettings, total: int) -> None:
        super().__init__(anatomy, chosen, total)
        self.settings = {"states_of_a_word": PER_WORD}
        self._states = torch.empty(self._layers, 0, anatomy.width)
        self._ids: list[int] = []

    def add(self, forced: Forced, place: int) -> None:
        """A word's own position is the one that predicts the next."""
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
        return {"image.states": self._states, "image.ids": torch.tensor(self._ids)}

    def restore(self, tensors: Tensors) -> None:
        self._states, self._ids = tensors["image.states"], tensors["image.ids"].tolist()

    def result(self) -> tuple[Tensors, dict[Span, list[float | None]]]:
        return self.state(), {}


FITTERS: dict[FittedKind, type[Fitter]] = {
    Lens.JACOBIAN: JacobianFit,
    Lens.TUNED: TunedFit,
    Lens.LATENT: LatentFit,
}
