"""``python -m fretboard.lite_vlm assemble | train | export | evaluate | gallery``."""

import argparse
from pathlib import Path

from fretboard.core.checkout import training
from fretboard.core.errors import FretboardError

from . import ADAPTER, CACHE, GALLERY, assembled


def _assemble(options: argparse.Namespace) -> None:
    print(assembled(options.output, options.adapter))


def _train(options: argparse.Namespace) -> None:
    train = training("fretboard.lite_vlm.train.run").train
    plan = training("fretboard.lite_vlm.train.loop").Plan(
        options.steps, options.minutes, seed=options.seed
    )
    start = options.start if options.start and options.start.exists() else None
    train(options.work, plan, options.chunks, options.processes, start)


def _export(options: argparse.Namespace) -> None:
    training("fretboard.lite_vlm.train.run").export(options.work, options.adapter, options.start)


def _evaluate(options: argparse.Namespace) -> None:
    training("fretboard.lite_vlm.train.report").evaluate(
        options.checkpoint or assembled(None, options.adapter),
        options.work,
        options.scenes,
        options.report,
    )


def _gallery(options: argparse.Namespace) -> None:
    packages = training("fretboard.lite_vlm.train.packages").test_folder(options.work, print)
    make = training("fretboard.lite_vlm.train.gallery").make_gallery
    make(packages / "scikit-image" / "skimage" / "data", GALLERY)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m fretboard.lite_vlm", description=__doc__)
    commands = parser.add_subparsers(required=True)
    assemble = commands.add_parser("assemble", help="put the checkpoint's folder together")
    assemble.add_argument("--output", type=Path, help="folder; by default in the cache")
    assemble.add_argument("--adapter", type=Path, default=ADAPTER)
    assemble.set_defaults(run=_assemble)
    train = commands.add_parser("train", help="train the adapter, or go on with it")
    train.add_argument("--work", type=Path, default=CACHE, help="data and checkpoints")
    train.add_argument("--steps", type=int, default=320, help="in all; the rate falls with them")
    train.add_argument("--minutes", type=float, help="by the clock, in place of the steps")
    train.add_argument("--chunks", type=int, default=24, help="of 250 pictures each")
    train.add_argument("--processes", type=int, default=2, help="one thread each")
    train.add_argument("--seed", type=int, default=0, help="of the order: another one on a --start")
    train.add_argument(
        "--start", type=Path, default=ADAPTER, help="adapter to begin with where no checkpoint is"
    )
    train.set_defaults(run=_train)
    export = commands.add_parser("export", help="write the trained adapter as it is now")
    export.add_argument("--work", type=Path, default=CACHE)
    export.add_argument("--adapter", type=Path, default=ADAPTER)
    export.add_argument("--start", type=Path, help="adapter from which to go half of the way only")
    export.set_defaults(run=_export)
    evaluate = commands.add_parser("evaluate", help="measure a checkpoint on what it never saw")
    evaluate.add_argument(
        "--checkpoint", type=Path, help="folder; by default assembled in the cache"
    )
    evaluate.add_argument("--adapter", type=Path, default=ADAPTER)
    evaluate.add_argument("--work", type=Path, default=CACHE)
    evaluate.add_argument("--scenes", type=int, default=200, help="per cell")
    evaluate.add_argument("--report", type=Path, default=CACHE / "report.json")
    evaluate.set_defaults(run=_evaluate)
    gallery = commands.add_parser("gallery", help="make the start page's pictures again")
    gallery.add_argument("--work", type=Path, default=CACHE)
    gallery.set_defaults(run=_gallery)
    return parser


if __name__ == "__main__":
    chosen = _parser().parse_args()
    try:
        chosen.run(chosen)
    except FretboardError as error:
        raise SystemExit(f"{error.title}: {error.detail}") from error
