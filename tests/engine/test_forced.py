"""One pass over prompt and answer says what decoding says, and leaves the model alone."""

import pytest
import torch

from fretboard.core.errors import InputError, UnsupportedModel
from fretboard.engine.causal import forced as module
from fretboard.engine.causal.attribution import attribution
from fretboard.engine.causal.forced import answer, log_probabilities, logits
from fretboard.engine.causal.image_cut import attention_cut
from fretboard.engine.causal.knockout import knockout
from fretboard.engine.causal.patching import patching
from fretboard.model.checkpoint import assemble
from fretboard.model.generation import generate
from fretboard.model.inputs import Inputs, build_inputs
from tests.support.tiny_families import TOKENIZER
from tests.support.tiny_other_families import OTHERS
from tests.support.worlds import FAMILIES, asked, digest, hooks, llava, noise, of_family, seed

RUNS = {
    "knockout": knockout,
    "patching": lambda forced: patching(forced, forced),
    "attention_cut": attention_cut,
}


@pytest.mark.parametrize("name", [family.name for family in OTHERS if family.image])
def test_the_pass_repeats_decoding(name):
    """The reference is decoding with a cache, by the family's own generate."""
    checkpoint = assemble(FAMILIES[name].make(), None, TOKENIZER)
    inputs, steps = Inputs(FAMILIES[name].inputs(True), None), []
    generate(checkpoint, inputs, 5, (), lambda step: steps.append(step) or True)
    found = answer(checkpoint, inputs, 5)
    assert list(found.emitted) == [step.token_id for step in steps]
    expected = torch.stack([step.logits for step in steps])
    torch.testing.assert_close(logits(found).float(), expected, atol=3e-4, rtol=3e-4)
    assert found.drift < 3e-4


def test_a_pass_that_says_something_else_is_refused(monkeypatch):
    checkpoint = llava(seed())
    inputs = build_inputs(checkpoint, "what is red", noise(), "the cat sits")
    monkeypatch.setattr(module, "log_probabilities", lambda forced: torch.full((1,), -40.0))
    with pytest.raises(UnsupportedModel, match="differ from decoding by"):
        answer(checkpoint, inputs, 1)


def test_an_answer_with_the_image_marker_is_refused():
    checkpoint = llava(seed())
    inputs = build_inputs(checkpoint, "what is red", noise(), "the <image> sits")
    with pytest.raises(InputError, match="image marker"):
        answer(checkpoint, inputs, 1)


@pytest.mark.parametrize("kind", RUNS)
@pytest.mark.parametrize("family", ["llava", "qwen2_vl"])
def test_the_model_is_bit_for_bit_the_same_afterwards(kind, family):
    forced = asked(llava(seed()), noise()) if family == "llava" else of_family(FAMILIES[family])
    model = forced.checkpoint.model
    plain = logits(forced)
    before = digest(model), hooks(model)
    RUNS[kind](forced)
    assert (digest(model), hooks(model)) == before
    assert torch.equal(logits(forced), plain)


@pytest.mark.parametrize("kind", [*RUNS, "attribution"])
def test_nothing_is_left_behind_by_a_run_that_fails(kind, monkeypatch):
    forced = asked(llava(seed()), noise())
    plain = log_probabilities(forced)
    before, calls = hooks(forced.checkpoint.model), []

    def failing(*args, **kwargs):
        calls.append(args)
        if len(calls) >= 4 or kind == "attribution":
            raise RuntimeError("out of memory")
        return original(*args, **kwargs)

    layer = forced.checkpoint.anatomy.layers[1].mlp
    original = layer.forward
    monkeypatch.setattr(layer, "forward", failing)
    run = attribution if kind == "attribution" else RUNS[kind]
    with pytest.raises(RuntimeError, match="out of memory"):
        run(forced)
    monkeypatch.undo()
    layer.__dict__.pop("forward", None)  # monkeypatch puts the bound method back on the instance
    assert hooks(forced.checkpoint.model) == before
    assert torch.equal(log_probabilities(forced), plain)
