"""A tuned lens's translators: h_d + A_d h_d + b_d, drawn to the final distribution by KL.

From the identity (A = b = 0), so that what no example tells stays the logit lens (Belrose et al.
2023). One step changes every depth; each is a problem of its own.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import kl_div

CLIP = 1.0  # largest norm of a depth's gradient
MOMENTS = ("exp_avg", "exp_avg_sq")  # Adam's


class Tuning:
    """The translators of depths 0…L−1 while they are fitted; float32, where the states are read."""

    def __init__(self, layers: int, width: int, device: torch.device) -> None:
        parts = [nn.Linear(width, width, device=device) for _ in range(layers)]
        self._translators = nn.ModuleList(parts)
        for parameter in self._translators.parameters():
            nn.init.zeros_(parameter)
        self._adam = torch.optim.Adam(self._translators.parameters())
        self.steps = 0

    def step(self, states: Tensor, read: Callable[[Tensor], Tensor], rate: float) -> list[float]:
        """One step at the learning rate `rate`; returns KL(final ‖ lens) by depth before it, nats.

        states: (L+1, positions, width), pre-norm; read: (positions, width) pre-norm → logits.
        """
        self.steps += 1
        self._adam.param_groups[0]["lr"] = rate
        self._adam.zero_grad()
        with torch.no_grad():
            final = read(states[-1]).float().log_softmax(-1)
        losses = []
        for translator, own in zip(self._translators, states, strict=False):
            wide = own.float().to(final.device)
            with torch.enable_grad():
                said = read((wide + translator(wide)).to(own.dtype)).float().log_softmax(-1)
                loss = kl_div(said, final, reduction="batchmean", log_target=True)
            loss.backward()
            nn.utils.clip_grad_norm_(translator.parameters(), CLIP)
            losses.append(float(loss.detach()))
        self._adam.step()
        return losses

    @property
    def weight(self) -> Tensor:
        """(L, width, width): A."""
        return self._stacked("weight")

    @property
    def bias(self) -> Tensor:
        """(L, width): b."""
        return self._stacked("bias")

    def arrays(self) -> dict[str, Tensor]:
        """All of it, for a later `restore`."""
        return {"weight": self.weight, "bias": self.bias} | {
            f"{moment}.{name}": self._stacked(name, moment)
            for moment in MOMENTS
            for name in ("weight", "bias")
        }

    @torch.no_grad()
    def restore(self, arrays: Mapping[str, Tensor], steps: int) -> None:
        """Go on from what `arrays` gave."""
        self.steps = steps
        for name in ("weight", "bias"):
            for depth, translator in enumerate(self._translators):
                parameter = getattr(translator, name)
                parameter.copy_(arrays[name][depth])
                self._adam.state[parameter] = {"step": torch.tensor(float(steps))} | {
                    moment: arrays[f"{moment}.{name}"][depth].to(parameter) for moment in MOMENTS
                }

    def _stacked(self, name: str, moment: str = "") -> Tensor:
        own = [getattr(translator, name) for translator in self._translators]
        if moment:
            own = [self._adam.state[p].get(moment, torch.zeros_like(p)) for p in own]
        return torch.stack(own).detach().cpu()
