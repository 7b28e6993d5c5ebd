"""Which lens is right? Held against what is drawn, what is answered and what a swap does.

    python benchmarks/lens_truth.py --scenes 200 --output lens_truth.json

Held-out scenes of the bundled world, half in typical colours, half in others; 95 % intervals
resample scenes. By lens and depth:

- named: `patch_pointing.py`'s question, is the kind (colour) drawn at the middle patch of an object
  the likeliest of the 16 kinds (10 colours)?
- leads: of a caption's tokens and of a colour question's, how many does the lens already have in
  the lead; ece: of those leaders, how far probability and being right lie apart (10 bins).
- swap: at one depth the state is steered, as far as it is long (STRENGTH), along the lens's own
  direction from the colour that the model names to another drawn at random: how often does the
  model then name that one, and by how much (nats, `odds`) do the log odds of the two move? Where
  it predicts the colour (prompt), and at the patches of the object (image). `exchange` swaps the
  two along their unembeddings instead; `random` steers as far in a random direction.
"""

import argparse
import json
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import patch_pointing
import torch
from torch import Tensor

from fretboard.cli.options import drawn_world_settings
from fretboard.core.fitted_lens import Span
from fretboard.core.reading import Lens
from fretboard.core.steer import SteerAt, SteerDirection, Steering
from fretboard.engine.analyze import Pipeline
from fretboard.engine.causal.forced import Forced, answer, logits
from fretboard.engine.causal.hooks import states_put
from fretboard.engine.lens_fit.examples import states_at
from fretboard.engine.load import load_pipeline
from fretboard.engine.steer import ConceptDirections
from fretboard.lens.directions import exchanged, pushed
from fretboard.lens.readout import VocabularyLens
from fretboard.model.grid import patch_grid
from fretboard.model.inputs import build_inputs
from fretboard.model.steer import Change
from fretboard.store.analyses import open_store
from fretboard.tiny_llava.train.evaluation import held_out_in_turn
from fretboard.tiny_llava.world.backdrop import render
from fretboard.tiny_llava.world.dialogue import CAPTION, color_question
from fretboard.tiny_llava.world.scene import COLORS, Group, Scene

STRENGTH = 1.0
BINS = 10
ANSWER_LENSES = (Lens.NORMED, Lens.RAW, Lens.JACOBIAN, Lens.TUNED)
SWAP_LENSES = (SteerDirection.UNEMBEDDING, SteerDirection.JACOBIAN, SteerDirection.TUNED)
Rows = dict[str, list[tuple[int, np.ndarray, float]]]


def taught(pipeline: Pipeline, image: Any, prompt: str) -> Forced:
    """The model's own answer, as one pass."""
    return answer(pipeline.checkpoint, build_inputs(pipeline.checkpoint, prompt, image, None), 64)


@torch.no_grad()
def leading(lens: VocabularyLens, forced: Forced) -> tuple[np.ndarray, np.ndarray]:
    """(L+1, T): whether the emitted token leads; the leader's probability."""
    positions = torch.arange(forced.positions)[forced.predicting]
    best = lens.log_probabilities(states_at(forced, positions)).max(-1)
    right = best.indices == torch.tensor(forced.emitted)
    return right.numpy().astype(float), best.values.exp().numpy()


def ways(pipeline: Pipeline, span: Span, words: list[str]) -> dict[str, list[Change]]:
    """By direction what is done to the state of every depth, from words[1] to words[0]."""
    anatomy = pipeline.checkpoint.anatomy
    concepts = ConceptDirections(anatomy, pipeline.lenses, pipeline.vocabulary, pipeline.store)
    at = SteerAt.IMAGE if span is Span.IMAGE else SteerAt.ANSWER
    kinds = SWAP_LENSES + ((SteerDirection.LATENT,) if span is Span.IMAGE else ())
    found: dict[str, list[Change]] = {}
    for kind in kinds:
        steering = Steering(
            towards=words[0], depths=tuple(range(len(anatomy.layers))), direction=kind, at=at
        )
        pairs = concepts.directions(words, steering)
        found[kind.value] = [pushed(a - b, STRENGTH) for a, b in pairs]
        if kind is SteerDirection.UNEMBEDDING:
            found["exchange"] = [exchanged(a, b) for a, b in pairs]
    found["random"] = [pushed(torch.randn(anatomy.width), STRENGTH) for _ in anatomy.layers]
    return found


def swapped(
    forced: Forced, at: Tensor, changes: list[Change], token: int, towards: int
) -> tuple[np.ndarray, np.ndarray]:
    """(L,) whether the model names `towards` when depth d is changed at the positions `at`;

    (L,) nats by which the log odds of `towards` and the emitted word move.
    """
    anatomy, own = forced.checkpoint.anatomy, forced.emitted[token]
    plain = logits(forced)[token]
    named, odds = [], []
    states = states_at(forced, at)
    for depth, change in enumerate(changes):
        with states_put(anatomy, depth, at, change(states[depth])):
            row = logits(forced)[token]
        named.append(float(int(row.argmax()) == towards))
        odds.append(float((row - plain)[towards] - (row - plain)[own]))
    return np.array(named), np.array(odds)


def swaps(pipeline: Pipeline, scene: Scene, centers: np.ndarray, rng: random.Random) -> dict:
    """Span and lens → (L,) of one colour question; {} where the answer names no colour."""
    ids = {color: pipeline.vocabulary.word(color).token_id for color in COLORS}
    group: Group = rng.choice(scene.groups)
    forced = taught(pipeline, render(scene), color_question(group).question)
    said = [t for t, number in enumerate(forced.emitted) if number in ids.values()]
    if not said:
        return {}
    name_of = {number: color for color, number in ids.items()}
    token, own = said[0], forced.emitted[said[0]]
    towards = rng.choice([number for number in ids.values() if number != own])
    patches = np.flatnonzero(patch_pointing.on_object(centers, group))
    places = {
        Span.PROMPT: torch.tensor([forced.predicting.start + token]),
        Span.IMAGE: forced.image[torch.from_numpy(patches)],
    }
    named = {}
    for span, at in places.items():
        for name, changes in ways(pipeline, span, [name_of[towards], name_of[own]]).items():
            hit, odds = swapped(forced, at, changes, token, towards)
            named |= {f"{name} {span}, swap": hit, f"{name} {span}, odds": odds}
    return named


def measure(pipeline: Pipeline, scenes: list[Scene]) -> tuple[Rows, dict]:
    """Rows by lens and measure; and the bins of calibration, (scene, depth, bin, 3) by lens."""
    rng, rows = random.Random(0), defaultdict(list)
    depths = pipeline.checkpoint.anatomy.depths
    bins = {lens.value: np.zeros((len(scenes), depths, BINS, 3)) for lens in ANSWER_LENSES}
    for index, scene in enumerate(scenes):
        image = render(scene)
        for kind, prompt in (
            ("caption", CAPTION),
            ("colour", color_question(rng.choice(scene.groups)).question),
        ):
            forced = taught(pipeline, image, prompt)
            for lens in ANSWER_LENSES:
                right, sure = leading(pipeline.lens(lens), forced)
                for token in range(right.shape[1]):
                    rows[f"{lens} {kind}, leads"].append((index, right[:, token], 0.0))
                place = np.minimum((sure * BINS).astype(int), BINS - 1)
                for depth in range(depths):
                    values = np.stack([np.ones(right.shape[1]), sure[depth], right[depth]], -1)
                    np.add.at(bins[lens.value][index, depth], place[depth], values)
    return rows, bins


def measure_swaps(pipeline: Pipeline, scenes: list[Scene]) -> Rows:
    """Rows by lens, span and measure, of one question a scene."""
    rng, rows = random.Random(0), defaultdict(list)
    grid = patch_grid(pipeline.checkpoint, CAPTION, render(scenes[0]))
    centers = grid.rectangles.double().numpy().reshape(-1, 2, 2).mean(1)
    for index, scene in enumerate(scenes):
        for name, values in swaps(pipeline, scene, centers, rng).items():
            rows[name].append((index, values, 0.0))
    return rows


def calibration(bins: np.ndarray) -> dict[str, Any]:
    """Expected calibration error by depth, with its interval, from (scene, depth, bin, 3)."""
    rng, scenes = np.random.default_rng(0), len(bins)
    drawn = rng.multinomial(scenes, np.full(scenes, 1 / scenes), 500)
    flat = bins.reshape(scenes, -1)

    def error(sums: np.ndarray) -> np.ndarray:
        count, sure, right = np.moveaxis(sums.reshape(-1, *bins.shape[1:]), -1, 0)
        return np.abs(sure - right).sum(-1) / count.sum(-1)

    own = error(flat.sum(0))[0]
    low, high = np.quantile(error(drawn @ flat), [0.025, 0.975], axis=0)
    return {
        "depths": [
            {"depth": d, "share": own[d], "low": low[d], "high": high[d]} for d in range(len(own))
        ]
    }


def main() -> None:
    """Print tables by measure, and write everything as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--swaps", type=int, default=100, help="scenes that are swapped in")
    parser.add_argument("--swaps-only", action="store_true")
    parser.add_argument("--output", type=Path, default=Path("lens_truth.json"))
    options = parser.parse_args()
    torch.manual_seed(0)
    pipeline = load_pipeline(drawn_world_settings(None), open_store("memory://"))
    scenes = held_out_in_turn(options.scenes)
    rows, bins = measure_swaps(pipeline, scenes[: options.swaps]), {}
    if not options.swaps_only:
        read, bins = measure(pipeline, scenes)
        rows |= read | patch_pointing.measure(pipeline, scenes)
    report = {name: patch_pointing.summary(hits, len(scenes)) for name, hits in rows.items()}
    report |= {f"{lens} answers, ece": calibration(values) for lens, values in bins.items()}
    options.output.write_text(json.dumps(report, indent=1) + "\n")
    for name, figures in report.items():
        cells = [f"{r['share']:.2f} [{r['low']:.2f} {r['high']:.2f}]" for r in figures["depths"]]
        print(f"{name} ({figures.get('words', '')}):", " ".join(cells))


if __name__ == "__main__":
    main()
