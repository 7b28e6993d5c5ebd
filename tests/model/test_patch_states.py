"""States at the image positions, against a plain pass of each family's own model."""

import pytest
import torch

from fretboard.core.errors import InputError
from fretboard.core.question import SkipWhen
from fretboard.model.inputs import Inputs, image_positions
from fretboard.model.patches import patch_states
from tests.model.test_families import CASES, FAMILIES, LAYERS, close, loaded, read

SEEING = [name for name, with_image in CASES if with_image]


def prefill(name, skipped=()):
    """{depth: (positions, width)} of one uncached pass over the prompt."""
    family, model = FAMILIES[name], loaded(name).model
    tensors = family.inputs(True)
    if name == "paligemma":  # counts its positions from 1, in generate only
        tensors["position_ids"] = torch.arange(1, tensors["input_ids"].shape[1] + 1)[None]
    with read(family, model, skipped) as seen, torch.inference_mode():
        model(**tensors, use_cache=False)
    return seen


@pytest.mark.parametrize("name", SEEING)
@pytest.mark.parametrize("when", [None, *SkipWhen])
def test_states_at_the_image_positions_are_those_of_a_plain_pass(name, when):
    checkpoint, inputs = loaded(name), Inputs(FAMILIES[name].inputs(True), None)
    skipped = FAMILIES[name].skips[-1] if when else ()
    states = patch_states(checkpoint, inputs, skipped, when or SkipWhen.ALWAYS)
    places = image_positions(checkpoint, inputs)
    assert states.shape == (LAYERS + 1, len(places), checkpoint.anatomy.width)
    seen = prefill(name, skipped if when is SkipWhen.ALWAYS else ())
    close(states, torch.stack([seen[depth][places] for depth in range(LAYERS + 1)]))


def test_an_answer_to_be_forced_changes_nothing_and_no_hook_stays():
    checkpoint, tensors = loaded("llava"), FAMILIES["llava"].inputs(True)
    free = patch_states(checkpoint, Inputs(tensors, None))
    assert torch.equal(free, patch_states(checkpoint, Inputs(tensors, (5, 9))))
    half = tensors | {"pixel_values": tensors["pixel_values"].repeat(2, 1, 1, 1)}
    with pytest.raises(InputError, match="layer 1 skipped"):
        patch_states(checkpoint, Inputs(half, None), (1,))
    assert not any(layer._forward_pre_hooks for layer in checkpoint.anatomy.layers)
    assert torch.equal(free, patch_states(checkpoint, Inputs(tensors, None)))
