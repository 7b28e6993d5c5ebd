"""Memory and disk of one analysis: measured on small models, by formula for LLaVA-1.5-7B.

    python benchmarks/record_cost.py --model bundled|random32|llava-1.5-7b [--tokens 64]

`extra` is the growth of the process's peak while one question is answered and read out, after a
short one that warms up; one process measures one answer. `disk` are the files of its record; the
random decoder has no words, so no document. `estimate` is what admission reckons with, and
`formula` the bytes of hidden states and readout: depths × tokens × (width × item + 100).
"""

import argparse
import ctypes
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from analysis_cost import PROMPT_TOKENS, bundled, decode, random_decoder
from analysis_memory import M_MMAP_THRESHOLD, peak

from fretboard.analysis.questions import prepare
from fretboard.core.images import to_png
from fretboard.core.model_info import served_model
from fretboard.core.own_models import BUNDLED_MODEL
from fretboard.core.question import Question
from fretboard.core.settings import Settings
from fretboard.core.shape import ModelShape
from fretboard.engine.load import pipeline_of
from fretboard.engine.run import Job
from fretboard.jobs.admission import ITEM_BYTES, STORED_BYTES, Load, request_bytes
from fretboard.model.checkpoint import Checkpoint
from fretboard.model.inputs import Inputs
from fretboard.store.analyses import ARRAYS, HIDDEN_STATES, AnalysisStore, open_store
from fretboard.store.examples import gallery_entries, gallery_image

LLAVA = ModelShape(
    layers=32, width=4096, vocabulary=32_064, kv_width=4096, mlp_width=11_008, dtype="bfloat16"
)
LLAVA_PROMPT = 640  # 576 image positions and a short question
RANDOM = ModelShape(
    layers=32, width=1024, vocabulary=32_000, kv_width=1024, mlp_width=2816, dtype="float32"
)
RECORD = "a" * 32
WARM_UP_TOKENS = 2


def formula(shape: ModelShape, tokens: int) -> int:
    """Bytes of hidden states and readout."""
    item = ITEM_BYTES.get(shape.dtype or "", 2)
    return (shape.layers + 1) * tokens * (shape.width * item + STORED_BYTES)


def record(checkpoint: Checkpoint, inputs: Inputs, store: AnalysisStore, tokens: int) -> None:
    """Answer, read out and write the arrays, as the pipeline does."""
    [reader] = decode(checkpoint, [inputs], tokens)
    readout, hidden, _ = reader.finish()
    store.write_arrays(RECORD, HIDDEN_STATES, {HIDDEN_STATES: hidden})
    store.write_arrays(RECORD, ARRAYS, readout.arrays())


def answer(checkpoint: Checkpoint, store: AnalysisStore, tokens: int) -> tuple[ModelShape, Load]:
    """An example of the gallery, its whole record written; what admission knows of it."""
    entry = gallery_entries()[0]
    picture = gallery_image(entry["file"]).read_bytes()
    question = Question(prompt=entry["prompt"], image=picture, max_new_tokens=tokens)
    analysis, image = prepare(Settings(_env_file=None), question, {})
    assert image is not None
    store.write_image(analysis.id, to_png(image.image))
    settings, served = Settings(_env_file=None), served_model(BUNDLED_MODEL)
    pipeline = pipeline_of(settings, served, checkpoint, store)
    done = pipeline.analyse(Job(analysis, image.image))
    shape = ModelShape.model_validate(served.model_dump() | {"dtype": "float32"})
    return shape, Load(prompt=done.prompt_tokens or 0, new=len(done.tokens))


def measure(model: str, tokens: int) -> dict[str, Any]:
    """Of one answer in this process."""
    checkpoint, inputs = bundled() if model == "bundled" else random_decoder()
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(folder)

        def run(length: int) -> tuple[ModelShape, Load]:
            if model == "bundled":
                return answer(checkpoint, store, length)
            record(checkpoint, inputs, store, length)
            return RANDOM, Load(prompt=PROMPT_TOKENS, new=length)

        run(WARM_UP_TOKENS)
        shutil.rmtree(Path(folder) / "analyses")
        before = peak()
        shape, load = run(tokens)
        extra = peak() - before
        files = {
            path.name: path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()
        }
    figures = {"tokens": load.new, "prompt": load.prompt, "extra_mb": round(extra, 1)}
    return figures | {"disk_bytes": files} | reckoned(shape, load)


def reckoned(shape: ModelShape, load: Load) -> dict[str, Any]:
    """By formula, in MB."""
    return {
        "estimate_mb": round(request_bytes(shape, load) / 1e6, 1),
        "formula_mb": round(formula(shape, load.new) / 1e6, 2),
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=["bundled", "random32", "llava-1.5-7b"], required=True)
    parser.add_argument("--tokens", type=int, default=64)
    options = parser.parse_args()
    ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, 1 << 20)
    if options.model == "llava-1.5-7b":
        figures = reckoned(LLAVA, Load(prompt=LLAVA_PROMPT, new=options.tokens))
    else:
        figures = measure(options.model, options.tokens)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
