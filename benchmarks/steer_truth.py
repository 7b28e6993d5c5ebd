"""Does steering make the model say the word? Whole answers about held-out drawn scenes.

    python benchmarks/steer_truth.py --scenes 60 --output steer_truth.json

Every scene is asked for the colour of one of its objects, plainly and steered from the colour that
the answer names to another drawn at random. By way and depth, with 95 % Wilson intervals:

- says: the answer names the other colour and no third one before it;
- kept: it is the plain answer, word for word, with the colour changed and nothing else.

`random` steers as far in a random direction, and swaps two random ones.
"""

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import torch

from fretboard.cli.options import drawn_world_settings
from fretboard.core.intervals import with_interval
from fretboard.core.steer import SteerDirection, parse_steering
from fretboard.engine.analyze import Pipeline
from fretboard.engine.load import load_pipeline
from fretboard.engine.steer import ConceptDirections
from fretboard.lens.directions import exchanged, pushed
from fretboard.model.generation import Step, generate
from fretboard.model.inputs import Inputs, build_inputs
from fretboard.model.steer import Change, StateChanges
from fretboard.store.analyses import open_store
from fretboard.tiny_llava.train.evaluation import held_out_in_turn
from fretboard.tiny_llava.world.backdrop import render
from fretboard.tiny_llava.world.dialogue import color_question
from fretboard.tiny_llava.world.scene import COLORS, Scene

DEPTHS, MIDDLE = (4, 6, 8), 6
LONGEST = 12
Way = Callable[[str, str], StateChanges | None]
Ways = dict[str, Way]
Hits = dict[str, list[tuple[bool, bool]]]


def ways(pipeline: Pipeline) -> Ways:
    """(other colour, own colour) → what is done to the states."""
    anatomy = pipeline.checkpoint.anatomy
    concepts = ConceptDirections(anatomy, pipeline.lenses, pipeline.vocabulary, pipeline.store)

    def asked(text: str) -> Way:
        layers = len(anatomy.layers)
        return lambda to, own: concepts.changes(parse_steering(text.format(to=to, own=own), layers))

    def noise() -> torch.Tensor:
        return torch.randn(anatomy.width)

    def blind(depth: int, draw: Callable[[], Change]) -> Way:
        return lambda _to, _own: StateChanges({depth: draw()})

    found: Ways = {f"towards, depth {MIDDLE}": asked(f"{{to}} depths={MIDDLE}")}
    for depth in DEPTHS:
        found[f"from own, depth {depth}"] = asked(f"{{to}} away={{own}} depths={depth}")
        found[f"swap, depth {depth}"] = asked(f"{{to}} swap={{own}} depths={depth}")
    for kind in (SteerDirection.JACOBIAN, SteerDirection.TUNED, SteerDirection.LATENT):
        text = f"{{to}} swap={{own}} depths={MIDDLE} direction={kind}"
        found[f"swap {kind}, depth {MIDDLE}"] = asked(text)
    found["swap at the image, depth 0"] = asked("{to} swap={own} depths=0 at=image")
    found[f"random, depth {MIDDLE}"] = blind(MIDDLE, lambda: pushed(noise(), 1.0))
    found[f"random swap, depth {MIDDLE}"] = blind(MIDDLE, lambda: exchanged(noise(), noise()))
    return found


def said(pipeline: Pipeline, inputs: Inputs, changes: StateChanges | None) -> str:
    """The answer."""
    ids: list[int] = []

    def on_step(step: Step) -> bool:
        ids.append(step.token_id)
        return True

    generate(pipeline.checkpoint, inputs, LONGEST, (), on_step, changes=changes)
    return pipeline.checkpoint.tokenizer.decode(ids, skip_special_tokens=True).strip()


def color_of(answer: str) -> str:
    """The first colour that it names, "" for none."""
    return next((word for word in answer.replace(".", " ").split() if word in COLORS), "")


def measure(pipeline: Pipeline, scenes: list[Scene], report: Callable[[Hits], None]) -> None:
    """Way → (says, kept) of every scene whose plain answer names a colour; told after each."""
    rng, known = random.Random(0), ways(pipeline)
    hits: Hits = defaultdict(list)
    for scene in scenes:
        prompt = color_question(rng.choice(scene.groups)).question
        inputs = build_inputs(pipeline.checkpoint, prompt, render(scene), None)
        plain = said(pipeline, inputs, None)
        own = color_of(plain)
        if not own:
            continue
        other = rng.choice([color for color in COLORS if color != own])
        for name, changes in known.items():
            answer = said(pipeline, inputs, changes(other, own))
            kept = answer == plain.replace(own, other)
            hits[name].append((color_of(answer) == other, kept))
        report(hits)


def main() -> None:
    """Write shares by way as JSON after every scene, and print them in the end."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=60)
    parser.add_argument("--output", type=Path, default=Path("steer_truth.json"))
    options = parser.parse_args()
    torch.manual_seed(0)
    pipeline = load_pipeline(drawn_world_settings(None), open_store("memory://"))
    scenes = held_out_in_turn(options.scenes)

    def report(hits: Hits) -> None:
        table = {
            name: {
                "says": with_interval([says for says, _ in rows]),
                "kept": with_interval([kept for _, kept in rows]),
            }
            for name, rows in hits.items()
        }
        options.output.write_text(json.dumps(table, indent=1) + "\n")

    measure(pipeline, scenes, report)
    for name, row in json.loads(options.output.read_text()).items():
        cells = [f"{m} {r['mean']:.2f} [{r['low']:.2f}, {r['high']:.2f}]" for m, r in row.items()]
        print(f"{name}: {', '.join(cells)}")


if __name__ == "__main__":
    main()
