"""Whatever a checkpoint's small files say, it answers as it did or is refused in a sentence."""

import collections
import json
import logging
import resource
import shutil
import signal
import traceback
import warnings
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

from fretboard.core.analysis import Status
from fretboard.core.errors import FretboardError, OutOfMemory
from fretboard.core.model_info import served_model
from fretboard.core.question import Question
from fretboard.engine.session import Session
from tests.support.images import encode
from tests.support.mutations import linked_copy, mutate
from tests.support.random_data import fresh
from tests.support.settings import make_settings
from tests.support.tiny_folders import SAVERS, save_folders

BIG = settings.get_current_profile_name() == "fuzz"
CASES = 600 if BIG else 6  # of each family
SLOWEST_SECONDS = 60
MOST_BYTES = 2 * 2**30
MOST_ADDRESSES = 12 * 2**30  # of the process: a fault, not the end of the machine
LONGEST = 900  # characters of a refusal
TEXT_ONLY = ("llama", "gpt2")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return save_folders(tmp_path_factory.mktemp("families"))


@pytest.fixture(scope="module")
def picture():
    noise = np.random.default_rng(0).integers(0, 255, (56, 56, 3), dtype=np.uint8)
    return encode(Image.fromarray(noise), "PNG")


@pytest.fixture(autouse=True)
def _bounded():
    def late(_signal, _frame):
        raise TimeoutError(f"over {SLOWEST_SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    addresses = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_ADDRESSES, addresses[1]))
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    logging.disable(logging.NOTSET)
    resource.setrlimit(resource.RLIMIT_AS, addresses)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("name", SAVERS)
def test_no_small_file_brings_a_librarys_exception(folders, picture, tmp_path, name):
    outcomes, faults, before = collections.Counter(), {}, peak()
    for seed in fresh().integers(2**62, size=CASES).tolist():
        folder = linked_copy(folders[name], tmp_path / "case")
        acts = damage(folder, Random(seed))
        shown = None if name in TEXT_ONLY else picture
        try:
            signal.alarm(SLOWEST_SECONDS)
            outcome = answered(folder, shown)
        except Exception as error:
            outcome = "fault"
            where = traceback.extract_tb(error.__traceback__)[-1]
            key = f"{type(error).__name__} {Path(where.filename).name}:{where.lineno}"
            faults.setdefault(key, f"seed {seed}, {acts}: {error!r:.300}")
        finally:
            signal.alarm(0)
        outcomes[outcome] += 1
        shutil.rmtree(folder)
    more = (peak() - before) >> 20
    print(f"\n{name}: {outcomes.total()} folders, {dict(outcomes)}, {more} MB more")
    assert not faults, "\n".join(f"{key}: {told}" for key, told in faults.items())
    assert peak() - before < MOST_BYTES


def damage(folder: Path, chance: Random) -> str:
    """One small file, or two."""
    small = sorted(folder.iterdir())
    chosen = chance.sample(small, chance.choice((1, 1, 1, 2)))
    return "; ".join(mutate(path, chance) for path in chosen)


def answered(folder: Path, picture: bytes | None) -> str:
    """done or refused; AssertionError where a refusal is no sentence or an answer no answer."""
    served_model.cache_clear()  # knows a folder by its path
    session = Session.open(make_settings(folder, folder, max_new_tokens=4))
    try:
        question = Question(prompt="what colour is the cat", image=picture, max_new_tokens=3)
        analysis = session.analyze(question)
    except FretboardError as refusal:
        check_sentence(refusal, folder)
        return "refused"
    if analysis.status is Status.FAILED:
        raise AssertionError(f"loaded, then failed: {analysis.error}")
    assert analysis.status is Status.DONE
    assert not session.store.lost_parts(analysis)
    json.dumps(analysis.model_dump(mode="json"), allow_nan=False)
    return "done"


def check_sentence(refusal: FretboardError, folder: Path) -> None:
    """One line that ends as a sentence and names a file of the folder, or the folder."""
    words = refusal.detail
    assert not isinstance(refusal, OutOfMemory), words
    assert "\n" not in words, words
    assert words.endswith("."), words
    assert len(words) < LONGEST, words
    names = [path.name for path in folder.iterdir()]
    parts = ("chat template", "config", "tokenizer", "processor", "weights")
    assert any(name in words for name in [*names, str(folder), *parts]), words


def peak() -> int:
    """Bytes of memory that this process had at once."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
