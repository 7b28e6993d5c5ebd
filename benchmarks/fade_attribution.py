"""Does attention bring the visual evidence and do late MLPs bring in the prior? (FADE's claim)

    python benchmarks/fade_attribution.py --captions 60 --output fade.json

On held-out scenes whose objects wear an unusual colour, the bundled model describes the image. A
colour word is *hallucinated* where it is the kind's typical colour. At that word, direct logit
attribution splits logit(typical colour) − logit(drawn colour) into attention and MLPs, with the
image and with a grey one; the image attention cut gives the difference of the two words'
log-probabilities when text is blind from depth d on; and the last third's attention or MLPs are
silenced where the word is predicted, with all that follows from it. Words stated rightly are the
control. Intervals resample scenes.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import nn

from fretboard.cli.options import drawn_world_settings
from fretboard.core.model_info import served_model
from fretboard.engine.causal.attribution import attribution
from fretboard.engine.causal.forced import Forced, logits, taught
from fretboard.engine.causal.image_cut import attention_cut
from fretboard.model.anatomy import hidden_of
from fretboard.model.checkpoint import Checkpoint, load
from fretboard.model.hooks import removing
from fretboard.model.inputs import build_inputs
from fretboard.studies.statistics import ImageBootstrap, sample
from fretboard.tiny_llava.train.answers import WorldAnswerer
from fretboard.tiny_llava.train.evaluation import GRAY, held_out
from fretboard.tiny_llava.world.backdrop import render
from fretboard.tiny_llava.world.dialogue import CAPTION, noun
from fretboard.tiny_llava.world.judge import color_outcome, color_position
from fretboard.tiny_llava.world.scene import COLORS, NATIVE, Group, Scene

BATCH = 50  # scenes described at once
PARTS = {"attention": "self_attn", "mlp": "mlp"}  # of the bundled model's layers
THIRDS = ("early", "middle", "late")  # of the layers
OUTCOMES = ("prior", "true")


@dataclass(frozen=True)
class Word:
    """A colour word of a caption: `said` holds the answer's ids up to and with it."""

    scene: Scene
    group: Group
    outcome: str
    said: tuple[int, ...]


def words(answerer: WorldAnswerer, scenes: list[Scene]) -> Iterator[Word]:
    """At most one word of each outcome a scene."""
    colors = {answerer.word_id(color): color for color in COLORS}
    pixels = answerer.pixels([render(scene) for scene in scenes])
    answers = answerer.generate(pixels, answerer.prompts(CAPTION, len(scenes)))
    for scene, row in zip(scenes, answers.ids[:, answers.prompt_length :].tolist(), strict=True):
        stated: dict[str, Word] = {}
        for group in scene.groups:
            at = color_position(row, answerer.word_id(noun(group)), set(colors), CAPTION)
            if group.counter_prior and at is not None:
                outcome = color_outcome(group, colors[row[at]])
                stated.setdefault(outcome, Word(scene, group, outcome, tuple(row[: at + 1])))
        yield from (stated[outcome] for outcome in OUTCOMES if outcome in stated)


def measured(checkpoint: Checkpoint, word: Word, ids: dict[str, int]) -> dict[str, Any]:
    """One word's parts, (layer,) each, towards the typical colour: with image, with grey, cut."""
    typical, drawn = ids[str(word.group.prior_color)], ids[word.group.color]
    prefix = list(word.said[:-1])
    record: dict[str, Any] = {
        "seed": word.scene.seed,
        "outcome": word.outcome,
        "typical_drawn_elsewhere": any(
            group.color == word.group.prior_color for group in word.scene.groups
        ),
    }
    pictures = {"image": render(word.scene), "grey": Image.new("RGB", (NATIVE, NATIVE), GRAY)}
    for name, picture in pictures.items():
        inputs = build_inputs(checkpoint, CAPTION, picture, None)
        runs = [taught(checkpoint, inputs, [*prefix, each]) for each in (typical, drawn)]
        record[name] = _split(runs[0], drawn)
        if name == "image":
            record["silenced"] = {
                part: _silenced(_last(runs[0]), part, typical, drawn) for part in PARTS
            }
            cuts = [attention_cut(_last(run))[0]["log_probability"][:, -1] for run in runs]
            record["cut"] = (cuts[0] - cuts[1]).tolist()
    return record


def _silenced(run: Forced, part: str, typical: int, drawn: int) -> float:
    """The logit difference when the last third's parts add nothing where the word is predicted."""
    layers = run.checkpoint.anatomy.layers
    late = np.array_split(np.arange(len(layers)), len(THIRDS))[-1]

    def silent(_part: nn.Module, _args: Any, output: Any) -> Any:
        hidden = hidden_of(output).clone()
        hidden[:, -1] = 0
        return (hidden, *output[1:]) if isinstance(output, tuple) else hidden

    with removing() as handles:
        for index in late:
            sublayer = layers[index].get_submodule(PARTS[part])
            handles.append(sublayer.register_forward_hook(silent))
        table = logits(run)[-1]
    return float(table[typical] - table[drawn])


def _last(run: Forced) -> Forced:
    """The same pass, asked about its last token alone."""
    return replace(run, prompt_tokens=run.positions, emitted=run.emitted[-1:])


def _split(run: Forced, rival: int) -> dict[str, Any]:
    arrays, note = attribution(_last(run), rival)
    names = ("embeddings", "attention", "mlp", "whole")
    return {name: arrays[name][..., -1].tolist() for name in names} | {"gap": note["gap"]}


def quantities(record: dict[str, Any]) -> dict[str, float]:
    """Sums by part, third and run, in logits towards the typical colour."""
    image, grey = record["image"], record["grey"]
    figures = {"whole": image["whole"], "grey whole": grey["whole"]}
    for part in ("attention", "mlp"):
        with_image, without = np.array(image[part]), np.array(grey[part])
        figures |= {part: with_image.sum(), f"grey {part}": without.sum()}
        figures[f"image brings, {part}"] = (with_image - without).sum()
        for third, rows in zip(THIRDS, np.array_split(np.arange(len(with_image)), 3), strict=True):
            figures[f"{third} {part}"] = with_image[rows].sum()
            figures[f"image brings, {third} {part}"] = (with_image - without)[rows].sum()
        figures[f"whole without late {part}"] = figures["whole"] - figures[f"late {part}"]
        figures[f"late {part} silenced"] = record["silenced"][part]
    figures["late attention − late mlp"] = figures["late attention"] - figures["late mlp"]
    brought = abs(figures["image brings, attention"]) + abs(figures["image brings, mlp"])
    figures["attention's share of what the image brings"] = (
        abs(figures["image brings, attention"]) / brought
    )
    return {name: float(value) for name, value in figures.items()}


def summary(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Means, and shares of words that lean to the typical colour, with intervals over scenes."""
    seeds = np.array([record["seed"] for record in records])
    boot = ImageBootstrap(seeds)
    tables = [quantities(record) for record in records]
    figures: dict[str, Any] = {"words": len(records), "scenes": len(set(seeds.tolist()))}
    for name in tables[0]:
        values = np.array([table[name] for table in tables])
        figures[name] = {
            "mean": boot.mean(sample(seeds, values)),
            "share above 0": boot.share(sample(seeds, values > 0)),
        }
    cuts = np.array([record["cut"] for record in records])
    figures["cut"] = [boot.mean(sample(seeds, column)) for column in cuts.T]
    for part in ("attention", "mlp"):
        rows = np.array([record["image"][part] for record in records])
        figures[f"{part} by layer"] = [boot.mean(sample(seeds, r)) for r in rows.T]
    figures["largest gap"] = max(max(r["image"]["gap"], r["grey"]["gap"]) for r in records)
    return figures


def groups(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Hallucinated words, those whose colour is nowhere in the image, and rightly stated ones."""
    chosen = {
        "hallucinated": [r for r in records if r["outcome"] == "prior"],
        "hallucinated, typical colour nowhere drawn": [
            r for r in records if r["outcome"] == "prior" and not r["typical_drawn_elsewhere"]
        ],
        "rightly stated": [r for r in records if r["outcome"] == "true"],
    }
    return {name: summary(part) for name, part in chosen.items() if part}


def collect(captions: int, limit: int) -> tuple[list[dict[str, Any]], int]:
    """Records of `captions` words of each outcome, and the number of scenes described."""
    folder = Path(served_model(drawn_world_settings(None).model).source)
    answerer, checkpoint = WorldAnswerer(folder), load(str(folder), None, "cpu", "float32")
    ids = {color: answerer.word_id(color) for color in COLORS}
    records: list[dict[str, Any]] = []
    scenes = held_out("counter-prior", limit)
    for start in range(0, limit, BATCH):
        for word in words(answerer, scenes[start : start + BATCH]):
            if sum(r["outcome"] == word.outcome for r in records) < captions:
                records.append(measured(checkpoint, word, ids))
        counts = {name: sum(r["outcome"] == name for r in records) for name in OUTCOMES}
        print(start + BATCH, counts, flush=True)
        if min(counts.values()) >= captions:
            return records, start + BATCH
    return records, limit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captions", type=int, default=60)
    parser.add_argument("--limit", type=int, default=2000, help="Scenes to describe at most.")
    parser.add_argument("--output", type=Path, default=Path("fade.json"))
    options = parser.parse_args()
    records, described = collect(options.captions, options.limit)
    figures = {"described": described, "summary": groups(records), "records": records}
    options.output.write_text(json.dumps(figures, indent=1, default=asdict) + "\n")
    print(json.dumps(figures["summary"], indent=1, default=asdict))


if __name__ == "__main__":
    main()
