"""Do the hallucination scores find the words that the bundled model hallucinates?

    python benchmarks/hallucination_flags.py --scenes 1200 --output flags.json
    python benchmarks/hallucination_flags.py --scenes 400 --first-seed 94000000 --output tuning.json

The bundled model describes drawn scenes, every second one with all kinds in their typical colours,
the others with none; every name of a kind and every colour is judged against the drawing. AUROC and
average precision of the score and of four baselines, hallucinated against correct words, with
intervals that resample scenes and paired differences; precision and recall of the flag. A run that
was stopped goes on where it stopped, from OUTPUT's `.jsonl`.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score
from tqdm import tqdm

from fretboard.analysis.questions import prepare
from fretboard.cli.options import drawn_world_settings
from fretboard.core.analysis import Analysis
from fretboard.core.images import to_png
from fretboard.core.question import Question
from fretboard.core.reading import Lens
from fretboard.core.words import Word, merge_words
from fretboard.engine.analyze import Pipeline
from fretboard.engine.derive import make_lens
from fretboard.engine.session import Session
from fretboard.model.inputs import build_inputs
from fretboard.model.patches import patch_states
from fretboard.studies.statistics import Estimate, ImageBootstrap, estimate, sample
from fretboard.studies.truth.scenes import KIND_OF, SceneTruth
from fretboard.tiny_llava.world.backdrop import render
from fretboard.tiny_llava.world.dialogue import CAPTION
from fretboard.tiny_llava.world.scene import PLURAL, Scene, SceneMix, sample_scene

FIRST_SEED = 95_000_000  # neither trained on nor looked at before; 94 000 000 on: for tuning
SCORE = "score"
# Each of them is larger where a hallucination is likelier.
COLUMNS = {
    SCORE: "score of the rival's lead",
    "surprise": "1 − final probability",
    "entropy": "entropy at depth L",
    "internal": "1 − internal confidence, normed lens",
    "internal_raw": "1 − internal confidence, raw lens",
    "reversal": "late reversal, yes or no",
}

Record = dict[str, Any]


def drawn(first_seed: int, number: int) -> list[Scene]:
    """Scenes with consecutive seeds, by turns with no and with all typical colours."""
    return [sample_scene(first_seed + i, SceneMix(typical=float(i % 2))) for i in range(number)]


def collect(scenes: list[Scene], path: Path) -> list[Record]:
    """One record a judged word; `path` holds a line for each scene that is done."""
    lines = path.read_text().splitlines() if path.exists() else []
    done = {scene["seed"]: scene["words"] for scene in map(json.loads, lines)}
    left = [scene for scene in scenes if scene.seed not in done]
    settings = drawn_world_settings(None)
    with tempfile.TemporaryDirectory() as folder, path.open("a") as file:
        session = Session.open(settings, folder)
        pipeline = session.pipeline
        for scene in tqdm(left, unit="scene", mininterval=20):
            question = Question(prompt=CAPTION, image=to_png(render(scene)))
            analysis, picture = prepare(settings, question)
            assert picture is not None
            finished = session.run(analysis, picture)
            done[scene.seed] = list(_judged(pipeline, scene, finished, picture.image))
            file.write(json.dumps({"seed": scene.seed, "words": done[scene.seed]}) + "\n")
            file.flush()
            pipeline.store.delete(finished.id)
    return [word for scene in scenes for word in done[scene.seed]]


def _judged(
    pipeline: Pipeline, scene: Scene, analysis: Analysis, image: Image.Image
) -> Iterator[Record]:
    words = merge_words([token.text for token in analysis.tokens])
    verdicts = SceneTruth(scene).judge(CAPTION, analysis.answer or "", words).verdicts
    seen = confidence(pipeline, image)
    for word, verdict in zip(words, verdicts, strict=True):
        if verdict is not None:
            ids = _forms(pipeline, word)
            yield {"seed": scene.seed, "verdict": verdict} | read_word(analysis, word) | {
                "internal": 1 - float(seen[Lens.NORMED][:, ids].max()),
                "internal_raw": 1 - float(seen[Lens.RAW][:, ids].max()),
            }  # fmt: skip


@torch.inference_mode()
def confidence(pipeline: Pipeline, image: Image.Image) -> dict[Lens, np.ndarray]:
    """By lens (L+1, V): each word's largest probability over the image positions.

    Its largest over the depths is the internal confidence of arXiv 2410.02762, whose code reads
    without the norm.
    """
    checkpoint = pipeline.checkpoint
    states = patch_states(checkpoint, build_inputs(checkpoint, CAPTION, image, None))
    tables = {}
    for lens in (Lens.NORMED, Lens.RAW):
        table = make_lens(checkpoint.anatomy, lens).log_probabilities(states)
        tables[lens] = table.amax(dim=1).exp().cpu().numpy()
    return tables


def _forms(pipeline: Pipeline, word: Word) -> list[int]:
    """Token ids of the word; of a kind both singular and plural: a patch has no number."""
    said = word.text.lower()
    kind = KIND_OF.get(said)
    forms = {said} if kind is None else {kind, PLURAL[kind]}
    return [pipeline.vocabulary.word(form).token_id for form in sorted(forms)]


def read_word(analysis: Analysis, word: Word) -> Record:
    """What the document says of a word; of several tokens, the one most suspicious."""
    tokens = [analysis.tokens[at] for at in word.tokens]
    flags = [token.flag for token in tokens if token.flag is not None]
    return {
        "word": word.text.lower(),
        "part": "kind" if word.text.lower() in KIND_OF else "colour",
        "tokens": len(tokens),
        SCORE: max(flag.score for flag in flags),
        "flagged": any(flag.flagged for flag in flags),
        "reversal": float(any(token.reversal for token in tokens)),
        "surprise": 1 - min(token.probability for token in tokens),
        "entropy": max(token.entropy for token in tokens),
    }


def summary(records: list[Record]) -> dict[str, Any]:
    """All figures: hallucinated against correct words, all and by part."""
    clear = [r for r in records if r["verdict"] in ("correct", "hallucinated")]
    figures: dict[str, Any] = {
        "scenes with judged words": len({r["seed"] for r in records}),
        "words false in another way": len(records) - len(clear),
        "words of several tokens": sum(r["tokens"] > 1 for r in records),
        "flag": _flag(clear),
        "all": ranking(clear),
    }
    for part in ("colour", "kind"):
        figures[part] = ranking([r for r in clear if r["part"] == part])
    return figures


def ranking(records: list[Record]) -> dict[str, Any]:
    """AUROC and average precision of each column, and the score's AUROC less each other's."""
    labels = np.array([r["verdict"] == "hallucinated" for r in records])
    figures: dict[str, Any] = {"words": len(labels), "false": int(labels.sum())}
    if labels.all() or not labels.any():
        return figures
    seeds = np.array([r["seed"] for r in records])
    table = np.array([[r[name] for name in COLUMNS] for r in records])
    words, boot = sample(seeds, labels), ImageBootstrap(seeds)
    weights = np.concatenate([np.ones((1, len(seeds))), boot.weights(seeds)])
    areas = np.array(
        [[roc_auc_score(labels, c, sample_weight=row) for c in table.T] for row in weights]
    )
    for i, (name, title) in enumerate(COLUMNS.items()):
        figures[title] = {
            "auroc": _rounded(estimate(areas[0, i], areas[1:, i], words)),
            "average precision": round(float(average_precision_score(labels, table[:, i])), 4),
        }
        if name != SCORE:
            gap = areas[:, 0] - areas[:, i]
            figures[title]["score less this"] = _rounded(estimate(gap[0], gap[1:], words))
    return figures


def _flag(records: list[Record]) -> dict[str, Any]:
    """Precision and recall at the shown threshold, and the threshold that would suit best here."""
    seeds = np.array([r["seed"] for r in records])
    labels = np.array([r["verdict"] == "hallucinated" for r in records])
    flagged = np.array([r["flagged"] for r in records])
    boot = ImageBootstrap(seeds)
    precision, recall, at = precision_recall_curve(labels, [r[SCORE] for r in records])
    best = (2 * precision * recall / np.maximum(precision + recall, 1e-12))[:-1].argmax()
    return {
        "flagged": int(flagged.sum()),
        "precision": _rounded(boot.share(sample(seeds[flagged], labels[flagged]))),
        "recall": _rounded(boot.share(sample(seeds[labels], flagged[labels]))),
        "false alarms": _rounded(boot.share(sample(seeds[~labels], flagged[~labels]))),
        "best F1": {
            "threshold": float(at[best]),
            "precision": float(precision[best]),
            "recall": float(recall[best]),
        },
    }


def _rounded(number: Estimate) -> list[float | None]:
    return [
        None if v is None else round(float(v), 4) for v in (number.value, number.low, number.high)
    ]


def main() -> None:
    """Print the figures and write them; every word's record lies beside them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--output", type=Path, default=Path("flags.json"))
    options = parser.parse_args()
    scenes = drawn(options.first_seed, options.scenes)
    figures = summary(collect(scenes, options.output.with_suffix(".jsonl")))
    options.output.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    print(json.dumps(figures, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
