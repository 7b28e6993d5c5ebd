"""``python -m fretboard.tiny_llava train | evaluate | scene | set | gallery``.

Only ``train`` and ``evaluate`` import torch.
"""

import argparse
import json
from pathlib import Path

from fretboard.core.checkout import training
from fretboard.tiny_llava import GALLERY, WEIGHTS
from fretboard.tiny_llava.world.backdrop import render
from fretboard.tiny_llava.world.scene import COLORS, KINDS, PLACES, SceneMix, sample_scene
from fretboard.tiny_llava.world.sets import WorldSet

DISPLAY = 384  # px, side of pictures for people; the processor reduces them to 96


def _train(options: argparse.Namespace) -> None:
    train = training("fretboard.tiny_llava.train.stages").train
    train(options.stage, options.work, options.output, options.seed, options.steps)
    if options.stage in ("all", "b", "control"):
        _evaluate(argparse.Namespace(weights=options.output, scenes=500, report=options.report))


def _evaluate(options: argparse.Namespace) -> None:
    evaluate = training("fretboard.tiny_llava.train.evaluation").evaluate
    report = evaluate(options.weights, options.scenes)
    options.report.parent.mkdir(parents=True, exist_ok=True)
    options.report.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report["summary"], indent=1))


def _scene(options: argparse.Namespace) -> None:
    mix = SceneMix(typical=options.typical)
    scene = sample_scene(
        options.seed, mix, options.kind, options.color, options.place, options.count
    )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    render(scene, options.size).save(options.out)
    truth = json.dumps(scene.truth(), indent=1)
    options.out.with_suffix(".json").write_text(truth + "\n")
    print(truth)


def _set(options: argparse.Namespace) -> None:
    chosen = WorldSet(options.kind, options.kind, options.kind, variant=options.variant)
    options.out.mkdir(parents=True, exist_ok=True)
    for name, image in chosen.images():
        image.save(options.out / name)
        print(options.out / name)


def _gallery(options: argparse.Namespace) -> None:
    from fretboard.tiny_llava.world.gallery import draw_gallery

    for path in draw_gallery(options.out):
        print(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m fretboard.tiny_llava", description=__doc__)
    commands = parser.add_subparsers(required=True)
    train = commands.add_parser("train", help="train the bundled model, or resume it")
    train.add_argument("--stage", default="all", choices=("all", "vision", "a", "b", "control"))
    train.add_argument("--work", type=Path, default=Path(".training"), help="checkpoints")
    train.add_argument("--output", type=Path, default=WEIGHTS, help="folder for the weights")
    train.add_argument("--report", type=Path, default=Path(".training/report.json"))
    train.add_argument("--steps", type=int, help="instead of the stage's own number")
    train.add_argument("--seed", type=int, default=0)
    train.set_defaults(run=_train)
    evaluate = commands.add_parser("evaluate", help="measure weights on held-out scenes")
    evaluate.add_argument("--weights", type=Path, default=WEIGHTS)
    evaluate.add_argument("--scenes", type=int, default=500, help="per cell")
    evaluate.add_argument("--report", type=Path, default=Path(".training/report.json"))
    evaluate.set_defaults(run=_evaluate)
    scene = commands.add_parser("scene", help="draw a scene, its ground truth beside it as JSON")
    scene.add_argument("--out", type=Path, required=True)
    scene.add_argument("--seed", type=int, default=0)
    scene.add_argument("--size", type=int, default=DISPLAY, help="pixels a side")
    scene.add_argument("--kind", choices=KINDS, help="of the first group")
    scene.add_argument("--color", choices=COLORS, help="of the first group; needs --kind")
    scene.add_argument("--count", type=int, choices=(1, 2, 3), help="of the first group")
    scene.add_argument("--place", choices=PLACES)
    scene.add_argument("--typical", type=float, default=0.5, help="share of typical colours")
    scene.set_defaults(run=_scene)
    world_set = commands.add_parser("set", help="draw twelve scenes of one kind, for `trajectory`")
    world_set.add_argument("--kind", choices=KINDS, required=True)
    world_set.add_argument("--variant", type=int, default=0, help="other scenes of the kind")
    world_set.add_argument("--out", type=Path, required=True, help="folder")
    world_set.set_defaults(run=_set)
    gallery = commands.add_parser("gallery", help="draw the named examples")
    gallery.add_argument("--out", type=Path, default=GALLERY)
    gallery.set_defaults(run=_gallery)
    return parser


if __name__ == "__main__":
    chosen = _parser().parse_args()
    chosen.run(chosen)
