"""What the science says on really pretrained weights: lite-vlm, and SmolLM2 where text is enough.

    PYTHONPATH=. python benchmarks/real_weights.py --scenes 12 --work FOLDER

Held-out scenes in typical and in other colours (12 each, asked for a colour and for a description)
and held-out photographs (`pretrained/`); nothing is planted. FOLDER is where `python -m
fretboard.lite_vlm train` and `evaluate` keep their data. Every section is written when it is done;
a run that was stopped goes on where it stopped, answer by answer.

Where an answer shows no stages there are no presets, reversals or flags. So that they can be held
against the truth all the same, they are also read with the depths *given*: the paper's 18 and 29
of 32 and its last five, in proportion.
"""

import argparse
import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import analysis_cost
import analysis_memory
import numpy as np
import torch
from hallucination_flags import summary
from patch_pointing import summary as hits_summary
from PIL import Image
from pretrained.scenes import DESCRIBE
from pretrained.words import EVERY, NEW_TOKENS, WeightsStudy, group, judged
from stage_validation import has_stages, nodes, profiles, share
from tests.support.stage_profiles import Profiles, measured

from fretboard.analysis.skip_presets import last_layers
from fretboard.core.causal_test import Kind
from fretboard.core.intervals import with_interval
from fretboard.core.question import Question
from fretboard.core.reading import Thresholds
from fretboard.core.settings import Settings
from fretboard.core.whole_file import write_json
from fretboard.engine.session import Session
from fretboard.figures.findings import FINDERS
from fretboard.lens.verdict import objection
from fretboard.lite_vlm import CACHE
from fretboard.lite_vlm.train.replay import plain_questions
from fretboard.model.inputs import Inputs, build_inputs
from fretboard.studies.batch import StudyBatch
from fretboard.studies.variants.run import VariantTable, compare_ways, run_repairs

ROUNDS = 5
TESTED = (Kind.CUT, Kind.PATCHING, Kind.KNOCKOUT)
GIVEN = VariantTable("given.json", "sets", "skipped")
Row = dict[str, Any]


def cost(study: WeightsStudy) -> Row:
    """A reading beside plain generation, in turn, and how the process's peak grows."""
    checkpoint = study.session.pipeline.checkpoint
    image = Image.open(study.pictures["typical"][0].path)
    inputs = build_inputs(checkpoint, DESCRIBE, image, None)
    ids = analysis_cost.plain(checkpoint, inputs, NEW_TOKENS)
    peaks = {"plain": analysis_memory.peak()}
    inputs = Inputs(inputs.tensors, tuple(ids.tolist()))
    ways: dict[str, Callable[..., object]] = {
        "plain": analysis_cost.plain,
        "analysis": analysis_cost.ours,
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            taken[name].append(
                analysis_cost.seconds(lambda way=way: way(checkpoint, inputs, NEW_TOKENS))  # type: ignore[misc]
            )
    peaks["analysis"] = analysis_memory.peak()
    ratios = [a / p for a, p in zip(taken["analysis"], taken["plain"], strict=True)]
    return {
        "tokens": NEW_TOKENS,
        "threads": torch.get_num_threads(),
        "median seconds": {name: median(each) for name, each in taken.items()},
        "ratio: least, median, most": [min(ratios), median(ratios), max(ratios)],
        "peak MB": peaks,
    }


def stages(study: WeightsStudy) -> Row:
    """Answers with stages and where the nodes lie: with image, without, and SmolLM2 beside them."""
    kinds: dict[str, list[Profiles]] = {}
    for item, analysis in study.answers:
        kinds.setdefault(group(item), []).append(profiles(study.session, analysis))
    kinds["plain questions, no image"] = [
        profiles(study.session, study.session.analyze(Question(prompt=p, max_new_tokens=32)))
        for p in plain_questions()[1][: study.number]
    ]
    kinds["SmolLM2, text only"] = measured()
    return {name: _stage_row(answers) for name, answers in kinds.items()}


def _stage_row(answers: Sequence[Profiles]) -> Row:
    reasons = Counter((objection(*a, Thresholds()) or "stages").split(" (")[0] for a in answers)
    return share(map(has_stages, answers)) | {"reasons": dict(reasons)} | nodes(list(answers))


def hallucinations(study: WeightsStudy) -> Row:
    """Verdicts by kind of question, late reversals among them, and how well flags find them."""
    records = list(judged(study))
    table: Row = {}
    for name in dict.fromkeys(f"{r['group']}, {r['part']}" for r in records):
        own = [r for r in records if f"{r['group']}, {r['part']}" == name]
        wrong = [r for r in own if r["verdict"] == "hallucinated"]
        right = [r for r in own if r["verdict"] == "correct"]
        known = [r["ahead"] for r in wrong if r["ahead"] is not None]
        table[name] = {
            "verdicts": dict(Counter(r["of"] for r in own)),
            "correct": with_interval([float(r["of"] == "correct") for r in own]),
            "late reversal, false words": with_interval([r["reversal"] for r in wrong]),
            "late reversal, true words": with_interval([r["reversal"] for r in right]),
            "drawn colour ahead in the later half": with_interval([float(bool(a)) for a in known]),
            "last such depth": [a[-1] for a in known if a],
        }
    return {"words": table, "flags": summary(records)}


def patch_lens(study: WeightsStudy) -> Row:
    """Do the cells name what lies on them, by lens and depth?"""
    hits: dict[str, list[tuple[int, np.ndarray, float]]] = {}
    pictures = [picture for own in study.pictures.values() for picture in own]
    for number, picture in enumerate(pictures):
        for name, hit, chance in study.looked(picture.path).hits:
            hits.setdefault(name, []).append((number, hit, chance))
    rows = {name: hits_summary(records, len(pictures)) for name, records in hits.items()}
    for row in rows.values():
        for at in row["depths"]:
            at["depth"] *= EVERY
    return rows


def skips(study: WeightsStudy) -> Row:
    """The paper's sets of layers, with its depths in proportion."""
    critical, mutation, layers = study.depth(18), study.depth(29), study.session.served.layers
    sets = {
        "skip.1, given": f"{critical}-{mutation - 2}",
        "skip.2, given": f"{mutation - 1}",
        "skip.3, given": f"{critical}-{layers - 1 - last_layers(layers)}",
    }
    question = Question(max_new_tokens=NEW_TOKENS)
    ways = {name: question.but(skip_layers=text) for name, text in sets.items()}
    batch = StudyBatch(study.session, question, study.few(study.number // 4), study.output, False)
    return {"layers": sets} | compare_ways(batch, ways, GIVEN)


def repairs(study: WeightsStudy) -> Row:
    """Every repair with its own settings."""
    question, few = Question(max_new_tokens=NEW_TOKENS), study.few(study.number // 4)
    return run_repairs(study.session, few, question, study.output)


def causal(study: WeightsStudy) -> Row:
    """What each test finds on a handful of answers: medians, least and most of its numbers."""
    found: dict[str, dict[str, list[float]]] = {}
    few = {item.id for item in study.few(3) if "colour" in item.id}
    for item, analysis in study.answers:
        for kind in TESTED if item.id in few else ():
            test = study.session.test(analysis, kind)
            finding = FINDERS[kind](test, study.session.tests.read_results(test.id), None)
            for name, value in finding.numbers.items():
                row = found.setdefault(str(kind), {}).setdefault(name, [])
                row += [] if value is None else [float(value)]
    return {
        kind: {
            name: {"least": min(v), "median": median(v), "most": max(v), "n": len(v)}
            for name, v in numbers.items()
            if v
        }
        for kind, numbers in found.items()
    }


SECTIONS: dict[str, Callable[[WeightsStudy], Row]] = {
    "cost": cost,
    "stages": stages,
    "hallucinations": hallucinations,
    "patch lens": patch_lens,
    "skips": skips,
    "causal tests": causal,
    "repairs": repairs,
}


def main() -> None:
    """Run the sections that are not in the output yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=12, help="of each cell")
    parser.add_argument("--work", type=Path, default=CACHE)
    parser.add_argument("--model", default="lite-vlm")
    folder = Path(__file__).parent / "results"
    parser.add_argument("--output", type=Path, default=folder / "real_weights.json")
    options = parser.parse_args()
    settings = Settings(model=options.model)
    served = Session.open(settings).served
    records = options.work / "real-weights" / served.revision[:12]
    study = WeightsStudy(
        Session.open(settings, records / "store"), options.work, records, options.scenes
    )
    about = {"model": served.name, "revision": served.revision, "scenes": options.scenes}
    (done,) = json.loads(options.output.read_text())["runs"] if options.output.exists() else ({},)
    if done.get("about") != about:
        done = {"about": about}
    command = f"python benchmarks/real_weights.py --scenes {options.scenes}"
    whole = {"command": command, "machine": f"{os.cpu_count()} shared CPU cores", "runs": [done]}
    for name, section in SECTIONS.items():
        if name not in done:
            done[name] = section(study)
            write_json(options.output, whole)
            print(name, "is done", flush=True)


if __name__ == "__main__":
    main()
