"""Answers decoded in one batch are those that each would have alone, for every family."""

from functools import lru_cache

import pytest
import torch

from fretboard.core.analysis import Analysis, ModelInfo
from fretboard.core.question import AnalysisRequest, SkipWhen
from fretboard.engine.run import Job, Run, batches
from fretboard.model import self_test
from fretboard.model.checkpoint import assemble
from fretboard.model.generation import Answer, generate_together
from fretboard.model.inputs import Inputs, compatible
from fretboard.model.self_test import takes_padding
from tests.model.test_families import CASES, FAMILIES
from tests.support.random_data import fresh
from tests.support.tiny_families import TOKENIZER
from tests.support.tiny_models import make_llava

SKIPS = [(), (1,)]
# These compute parts in float32 whatever they are given; float64's mask value is −inf there.
SINGLE = {"gemma2", "qwen3_5", "bamba", "paligemma"}


@lru_cache
def loaded(name):
    """In float64 where it can be: there a batch differs from a row by next to nothing."""
    model = FAMILIES[name].make()
    return assemble(model if name in SINGLE else model.double(), None, TOKENIZER)


def varied(name, with_image, more):
    """The family's prompt, with `more` text tokens at its end and another picture."""
    tensors = FAMILIES[name].inputs(with_image)
    prompt = tensors["input_ids"].shape[1]
    tail = torch.from_numpy(fresh().integers(10, 60, (1, more)))
    for key, value in tensors.items():
        if key == "input_ids":
            tensors[key] = torch.cat([value, tail], 1)
        elif key == "cross_attention_mask":
            tensors[key] = torch.cat([value, value[:, -1:].expand(-1, more, -1, -1)], 1)
        elif value.ndim == 2 and value.shape[1] == prompt and not value.is_floating_point():
            tensors[key] = torch.cat([value, value[:, -1:].expand(-1, more)], 1)
        elif key == "pixel_values":
            noise = torch.from_numpy(fresh().standard_normal(value.shape))
            tensors[key] = noise.to(loaded(name).model.dtype)
    return Inputs(tensors, None)


def decode(name, batch, lengths, skipped, when):
    """For each answer (states (L+1, T, width), logits (T, V), ids)."""
    steps = [[] for _ in batch]
    answers = [
        Answer(inputs, length, lambda step, own=own: own.append(step) or True)
        for inputs, length, own in zip(batch, lengths, steps, strict=True)
    ]
    reasons = generate_together(loaded(name), answers, skipped, when)
    return [
        (
            torch.stack([step.states for step in own], 1),
            torch.stack([step.logits for step in own]),
            [step.token_id for step in own],
            reason,
        )
        for own, reason in zip(steps, reasons, strict=True)
    ]


@pytest.mark.parametrize("skipped", SKIPS, ids=["whole", "skipped"])
@pytest.mark.parametrize(("name", "with_image"), CASES)
def test_each_answer_is_as_if_it_were_alone(name, with_image, skipped):
    when = SkipWhen.DECODE if with_image else SkipWhen.ALWAYS
    batch = [varied(name, with_image, more) for more in (0, 3, 1)]
    lengths = (3, 5, 4)
    assert compatible(batch[0], batch[1])
    together = decode(name, batch, lengths, skipped, when)
    for inputs, length, found in zip(batch, lengths, together, strict=True):
        states, logits, ids, reason = found
        alone = decode(name, [inputs], [length], skipped, when)
        own_states, own_logits, own_ids, own_reason = alone[0]
        assert (ids, reason) == (own_ids, own_reason)
        close = {"atol": 2e-4, "rtol": 2e-4} if name in SINGLE else {"atol": 1e-9, "rtol": 1e-9}
        torch.testing.assert_close(states, own_states, **close)
        torch.testing.assert_close(logits, own_logits, **close)


def test_prompts_of_different_length_part_where_a_model_reads_the_padding(monkeypatch):
    """RecurrentGemma's state does: `tests/model/test_published.py` names the families."""
    model, processor = make_llava()
    checkpoint = assemble(model, processor, processor.tokenizer)
    assert takes_padding(checkpoint)

    def run(prompt):
        request = AnalysisRequest(prompt=prompt, model="x", max_new_tokens=2)
        info = ModelInfo(name="x", revision="0", family="x", layers=4, width=48, vocabulary=9)
        analysis = Analysis(id="0" * 32, request=request, model=info)
        return Run(checkpoint, checkpoint.anatomy, str, Job(analysis, None), 9)

    asked = [run("a cat"), run("the red dog sits on grass"), run("a dog")]
    assert [len(batch) for batch in batches(asked)] == [3]
    monkeypatch.setitem(self_test.PADDING, checkpoint.model, False)
    assert [len(batch) for batch in batches(asked)] == [2, 1]
