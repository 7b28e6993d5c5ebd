"""Training is seeded and resumable: stopped and gone on with, it ends where it would have."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from fretboard.lite_vlm.checkpoint.tower import WIDTH, Probes
from fretboard.lite_vlm.train import loop
from fretboard.lite_vlm.train.export import adapters_in, export_adapter, halfway
from fretboard.lite_vlm.train.loop import (
    FIRST,
    LAST,
    SNAPSHOTS,
    Plan,
    Projector,
    Trainer,
    mean_snapshot,
    mixture,
    schedule,
)
from fretboard.lite_vlm.train.lora import load_lora, lora_arrays
from fretboard.lite_vlm.train.questions import Exchange
from fretboard.lite_vlm.train.sequences import Packer
from tests.lite_vlm.parts import SIZE, byte_tokenizer, random_namer, tiny_language


class Lessons:
    """Stands for the material: one colour word per kind of picture."""

    def __init__(self) -> None:
        self._packer = Packer(byte_tokenizer().backend_tokenizer)
        self.kinds: list[str] = []

    def draw(self, kind, chance):
        self.kinds.append(kind)
        red = chance.random() < 0.5
        image = torch.full((64, WIDTH), 1.0 if red else -1.0)
        exchange = Exchange("Which?", "red" if red else "blue", ("red" if red else "blue",))
        return self._packer.pack(image, [exchange], 216)


def _trainer(steps: int = 6, frozen_layers: int = 0) -> Trainer:
    generator = torch.Generator().manual_seed(4)
    arrays = {
        "linear_1.weight": torch.randn(SIZE, WIDTH, generator=generator) * 0.05,
        "linear_1.bias": torch.zeros(SIZE),
        "linear_2.weight": torch.eye(SIZE),
        "linear_2.bias": torch.zeros(SIZE),
    }
    plan = Plan(
        steps=steps,
        sequences=2,
        rate=3e-3,
        projector_rate=1e-3,
        warmup=2,
        frozen_layers=frozen_layers,
        compiled=False,
    )
    return Trainer(tiny_language(), Projector(arrays), plan)


def _weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {**lora_arrays(trainer.language), **trainer.projector.state_dict()}


def test_a_run_gone_on_with_ends_as_one_in_one_piece(tmp_path: Path) -> None:
    whole = _trainer()
    whole.train(Lessons(), tmp_path / "whole", lambda line: None)
    first = _trainer(steps=6)
    for _ in range(3):
        first.advance(Lessons(), first.progress())
    first.save(tmp_path / "parts")
    second = _trainer()
    assert second.resume(tmp_path / "parts")
    assert second.step == 3
    second.train(Lessons(), tmp_path / "parts", lambda line: None)
    for name, array in _weights(whole).items():
        torch.testing.assert_close(_weights(second)[name], array, atol=0, rtol=0)


def test_the_loss_falls() -> None:
    trainer = _trainer(steps=40)
    losses = [trainer.advance(Lessons(), 0.0) for _ in range(25)]
    assert sum(losses[-5:]) < sum(losses[:5]) - 1


def test_frozen_layers_and_projector_stay() -> None:
    trainer = _trainer(frozen_layers=1)
    before = {name: array.clone() for name, array in _weights(trainer).items()}
    for _ in range(3):
        trainer.advance(Lessons(), 0.0)
    changed = {
        name for name, array in _weights(trainer).items() if not torch.equal(array, before[name])
    }
    assert changed
    assert all(name.startswith("layers.1.") for name in changed)


def test_the_mean_of_the_last_snapshots_is_exported(tmp_path: Path) -> None:
    trainer, seen = _trainer(steps=20), []
    for _ in range(SNAPSHOTS + 2):
        trainer.advance(Lessons(), 0.0)
        trainer.save(tmp_path)
        seen.append({name: array.clone() for name, array in lora_arrays(trainer.language).items()})
    assert len(list(tmp_path.glob("snapshot-*.pt"))) == SNAPSHOTS
    for name, array in mean_snapshot(tmp_path)["lora"].items():
        expected = sum(arrays[name] for arrays in seen[-SNAPSHOTS:]) / SNAPSHOTS
        torch.testing.assert_close(array, expected)


def test_half_of_the_way_lies_between_two_states() -> None:
    before, after = {"layer": torch.tensor([0.0, 2.0])}, {"layer": torch.tensor([1.0, 4.0])}
    assert halfway(before, after)["layer"].tolist() == [0.5, 3.0]


def test_where_nouns_are_known_the_last_shares_hold_from_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop, "FIRST", (0, 1, 0, 0, 0))
    monkeypatch.setattr(loop, "LAST", (1, 0, 0, 0, 0))
    for known, kind in ((False, "noun"), (True, "scene")):
        trainer, lessons = _trainer(), Lessons()
        trainer.plan = replace(trainer.plan, nouns_first=not known)
        trainer.advance(lessons, 0.0)
        assert set(lessons.kinds) == {kind}


def test_a_run_by_the_clock_ends_with_its_minutes_and_counts_those_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter(range(0, 10_000, 20))
    monkeypatch.setattr(loop.time, "monotonic", lambda: float(next(seconds)))
    trainer = _trainer()
    trainer.plan = replace(trainer.plan, minutes=3)
    assert trainer.progress() == pytest.approx(20 / 180)
    trainer.save(tmp_path)
    later = _trainer()
    later.plan = trainer.plan
    assert later.resume(tmp_path)
    assert later.progress() == pytest.approx(60 / 180)
    later.train(Lessons(), tmp_path, lambda line: None)
    assert 0 < later.step < 6


def test_nothing_to_resume(tmp_path: Path) -> None:
    assert not _trainer().resume(tmp_path)


def test_rate_and_mixture_over_a_run() -> None:
    plan = Plan(warmup=10, falling=0.25, floor=0.03)
    assert schedule(0, 0.0, plan) == 0.1
    assert schedule(50, 0.5, plan) == 1.0
    assert schedule(75, 0.75, plan) == 1.0 > schedule(90, 0.9, plan) > schedule(99, 0.99, plan)
    assert schedule(99, 0.999, plan) == 0.03
    assert mixture(0.0) == list(FIRST)
    assert mixture(0.9) == pytest.approx(LAST)
    assert sum(FIRST) == pytest.approx(1)
    assert sum(LAST) == pytest.approx(1)


def test_the_exported_adapter_is_complete(tmp_path: Path) -> None:
    trainer = _trainer()
    probes = Probes(torch.zeros(3, 1280), torch.zeros(3), torch.arange(1003))
    path = tmp_path / "weights" / "adapter.safetensors"
    projector = trainer.projector.state_dict()
    export_adapter(lora_arrays(trainer.language), projector, probes, random_namer(), path)
    arrays = load_file(path)
    kinds = {name.split(".")[0] for name in arrays}
    assert kinds == {"lora", "projector", "probes", "namer", "classes"}
    assert torch.equal(arrays["classes.nouns"], torch.arange(1003, dtype=torch.int32))
    other = _trainer()
    load_lora(other.language, adapters_in(path))
    assert lora_arrays(other.language).keys() == lora_arrays(trainer.language).keys()
    assert sum(name.startswith("lora.") for name in arrays) == 2 * 7 * 2  # layers, linears, sides
