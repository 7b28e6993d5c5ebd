"""Random data is drawn from a seed that a failure names and a run takes back."""

import random

import torch

from tests.support.random_data import ANY, SEED_VARIABLE, begin, chosen_seed, fresh


def drawn() -> tuple:
    return fresh().integers(10**9), random.random(), float(torch.rand(()))


def test_a_seed_gives_each_test_its_own_data_and_the_same_again():
    begin(7, "one")
    first, second = drawn(), drawn()
    begin(7, "other")
    other = drawn()
    begin(8, "one")
    another_seed = drawn()
    assert len({first, second, other, another_seed}) == 4
    begin(7, "one")
    assert (drawn(), drawn()) == (first, second)


def test_the_seed_is_the_option_s_else_the_environment_s(monkeypatch):
    monkeypatch.delenv(SEED_VARIABLE, raising=False)
    assert chosen_seed("") == 0
    monkeypatch.setenv(SEED_VARIABLE, "12")
    assert (chosen_seed(""), chosen_seed("3")) == (12, 3)
    assert len({chosen_seed(ANY) for _ in range(5)}) > 1
