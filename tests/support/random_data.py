"""Random data of a test: another for each test, the same again from the same seed."""

import os
import random
import secrets
import sys
import zlib

import numpy as np

SEED_VARIABLE = "FRETBOARD_TEST_SEED"
ANY = "any"  # drawn, and told where a test fails
_generator = np.random.default_rng(0)


def chosen_seed(text: str) -> int:
    """`--seed`, or what the environment says instead."""
    text = text or os.environ.get(SEED_VARIABLE, "0")
    return secrets.randbelow(10**9) if text == ANY else int(text)


def begin(seed: int, test: str) -> None:
    """Everything random of this test follows from here, torch's and the standard library's too."""
    global _generator
    own = [seed, zlib.crc32(test.encode())]
    _generator = np.random.default_rng(own)
    random.seed(repr(own))
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(int(_generator.integers(2**31)))


def fresh() -> np.random.Generator:
    """The generator of the test that runs: each draw from it is new."""
    return _generator
