"""Which colours captions state for unusual objects, and at which depth the prior takes over.

A *hallucinated colour word* states the kind's typical colour for an object drawn in another.
It is a *late reversal* when the drawn colour leads the whole vocabulary under the normed lens
at some depth of the last third before the final one, and the typical colour at the end.
"""

from typing import Any

import torch

from fretboard.core.intervals import with_interval
from fretboard.tiny_llava.train.answers import WorldAnswerer
from fretboard.tiny_llava.world.dialogue import BRIEF, CAPTION, noun
from fretboard.tiny_llava.world.judge import color_outcome, color_position
from fretboard.tiny_llava.world.scene import COLORS, Scene

LATE = 2 / 3  # of all depths: from here on a lead counts as late
BATCH = 50


def caption_colors(
    answerer: WorldAnswerer, scenes: list[Scene], pixels: torch.Tensor
) -> dict[str, Any]:
    """Both caption forms on counter-prior scenes: shares, reversals, mean curves by depth."""
    return {
        "detailed": _form(answerer, scenes, pixels, CAPTION),
        "brief": _form(answerer, scenes, pixels, BRIEF),
    }


def _form(
    answerer: WorldAnswerer, scenes: list[Scene], pixels: torch.Tensor, question: str
) -> dict[str, Any]:
    words = []
    for start in range(0, len(scenes), BATCH):
        part = scenes[start : start + BATCH]
        words += color_words(answerer, part, pixels[start : start + BATCH], question)
    return summarize(words)


def color_words(
    answerer: WorldAnswerer, scenes: list[Scene], pixels: torch.Tensor, question: str
) -> list[dict[str, Any]]:
    """One record per counter-prior group whose colour the caption states.

    ``drawn`` and ``prior`` are probabilities by depth; ``leader`` the leading id by depth.
    """
    answers = answerer.generate(pixels, answerer.prompts(question, len(scenes)))
    lens = answerer.lens(pixels, answers)
    color_ids = {answerer.word_id(color): color for color in COLORS}
    records = []
    for row, scene in enumerate(scenes):
        said = answers.ids[row, answers.prompt_length :].tolist()
        for group in scene.groups:
            at = color_position(said, answerer.word_id(noun(group)), set(color_ids), question)
            if not group.counter_prior or at is None:
                continue
            curve = lens[:, row, at]
            records.append(
                {
                    "seed": scene.seed,
                    "kind": group.kind,
                    "size": group.size if group.count == 1 else "several",
                    "stated": color_ids[said[at]],
                    "outcome": color_outcome(group, color_ids[said[at]]),
                    "prior_drawn_elsewhere": any(
                        g.color == group.prior_color for g in scene.groups
                    ),
                    "drawn": curve[:, answerer.word_id(group.color)].exp().tolist(),
                    "prior": curve[:, answerer.word_id(str(group.prior_color))].exp().tolist(),
                    "late_reversal": _leads_late(curve, answerer.word_id(group.color)),
                }
            )
    return records


def _leads_late(curve: torch.Tensor, drawn_id: int) -> bool:
    """Whether the drawn colour leads at a late depth but the last; curve [depths, vocabulary]."""
    depths = curve.shape[0] - 1
    leaders = curve.argmax(-1)[round(LATE * depths) : depths]
    return bool((leaders == drawn_id).any())


def summarize(words: list[dict[str, Any]]) -> dict[str, Any]:
    """Shares with intervals, and mean curves of the hallucinated words."""
    fooled = [w for w in words if w["outcome"] == "prior"]
    clear = [w for w in fooled if not w["prior_drawn_elsewhere"]]
    report: dict[str, Any] = {
        outcome: with_interval([float(w["outcome"] == outcome) for w in words])
        for outcome in ("true", "prior", "other")
    }
    report["late_reversal"] = with_interval([float(w["late_reversal"]) for w in fooled])
    report["late_reversal_clear"] = with_interval([float(w["late_reversal"]) for w in clear])
    for size in ("small", "large", "several"):
        mine = [float(w["outcome"] == "prior") for w in words if w["size"] == size]
        report[f"prior, {size}"] = with_interval(mine)
    for outcome in ("prior", "true"):
        mine_curves = [w for w in words if w["outcome"] == outcome]
        report[f"curves, {outcome}"] = {
            name: torch.tensor([w[name] for w in mine_curves]).mean(0).tolist()
            for name in ("drawn", "prior")
            if mine_curves
        }
    report["late_reversal_seeds"] = [w["seed"] for w in clear if w["late_reversal"]]
    return report
