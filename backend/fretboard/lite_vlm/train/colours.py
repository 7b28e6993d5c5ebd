"""The eleven basic colour terms: a rule over hue, saturation, value, and what learns it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from ..checkpoint.spare import COLOURS, Namer

HIDDEN = 80
NAMELESS = -1  # beige and its like: no term
TERM = {name: index for index, name in enumerate(COLOURS)}
# Upper bound of hue in degrees, term when light and vivid, term otherwise.
HUES = (
    (14, "red", "red"),
    (42, "orange", "brown"),
    (70, "yellow", "green"),
    (172, "green", "green"),
    (255, "blue", "blue"),
    (292, "purple", "purple"),
    (340, "pink", "purple"),
    (361, "red", "red"),
)


def colour_terms(rgb: NDArray[np.uint8]) -> NDArray[np.int8]:
    """The term (index in COLOURS, or NAMELESS) of every pixel of an (..., 3) array."""
    hue, saturation, value = _hsv(rgb)
    light = value > 0.62
    terms = np.full(hue.shape, NAMELESS, np.int8)
    lower = 0
    for upper, vivid, dull in HUES:
        inside = (hue >= lower) & (hue < upper)
        terms[inside] = np.where(light[inside], TERM[vivid], TERM[dull])
        lower = upper
    pale = light & (saturation < 0.45)
    terms[pale & ((hue < 20) | (hue > 300))] = TERM["pink"]
    terms[pale & (hue >= 20) & (hue < 70)] = NAMELESS
    terms[(saturation < 0.14) | ((saturation < 0.2) & (value > 0.9))] = TERM["gray"]
    terms[(saturation < 0.14) & (value > 0.82)] = TERM["white"]
    terms[(value < 0.2) | ((value < 0.3) & (saturation < 0.3))] = TERM["black"]
    return terms


def _hsv(rgb: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
    pixels = rgb.astype(np.float32) / 255
    value = pixels.max(-1)
    spread = value - pixels.min(-1)
    safe = np.maximum(spread, 1e-6)
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    hue = np.where(
        value == red,
        (green - blue) / safe % 6,
        np.where(value == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    return hue * 60, spread / np.maximum(value, 1e-6), value


def main_colour(
    rgb: NDArray[np.uint8], opaque: NDArray[np.bool_], share: float = 0.5
) -> str | None:
    """The term that more than ``share`` of the opaque pixels have, if there is one."""
    terms = colour_terms(rgb[opaque])
    counts = np.bincount(terms[terms >= 0], minlength=len(COLOURS))
    best = int(counts.argmax())
    return COLOURS[best] if counts[best] > share * max(len(terms), 1) else None


def fit_namer(seed: int = 0, steps: int = 3000) -> Namer:
    """Fit the two layers that name a pixel's colour; inputs are red, green, blue from 0 to 2."""
    generator = torch.Generator().manual_seed(seed)
    first = torch.randn(HIDDEN, 3, generator=generator)
    weights = [first, torch.rand(HIDDEN, generator=generator) * 2 - 1]
    weights += [
        torch.randn(len(COLOURS), HIDDEN, generator=generator) * 0.05,
        torch.zeros(len(COLOURS)),
    ]
    parameters = [weight.requires_grad_() for weight in weights]
    optimiser = torch.optim.Adam(parameters, lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        pixels = _pixels(2048, generator)
        terms = torch.from_numpy(colour_terms(pixels.numpy()).astype(np.int64))
        shares = torch.zeros(len(terms), len(COLOURS) + 1).scatter_(1, (terms % 12)[:, None], 1.0)
        rgb = (pixels.float() - 127) / 128 + 1
        hidden = torch.nn.functional.relu6(rgb @ parameters[0].T + parameters[1])
        scores = hidden @ parameters[2].T + parameters[3]
        named = shares[:, : len(COLOURS)] > 0
        loss = torch.where(named, scores - 1, torch.relu(scores)).square().sum(1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return Namer(*(parameter.detach() for parameter in parameters))


def _pixels(count: int, generator: torch.Generator) -> torch.Tensor:
    """Random pixels, half of them near gray, where the terms lie close together."""
    pixels = torch.randint(0, 256, (count, 3), generator=generator).float()
    grey = pixels.mean(1, keepdim=True)
    keep = torch.rand(count, 1, generator=generator) * (
        torch.rand(count, 1, generator=generator) > 0.5
    )
    return (pixels + (grey - pixels) * keep).round().clamp(0, 255).to(torch.uint8)
