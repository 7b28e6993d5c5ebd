"""The Jacobian lens's fit against autograd's whole Jacobian, in float64."""

from functools import lru_cache

import pytest
import torch
from PIL import Image

from fretboard.core.fitted_lens import Span
from fretboard.engine.causal.forced import answer
from fretboard.engine.lens_fit.examples import sources
from fretboard.engine.lens_fit.gradients import products
from fretboard.lens.jacobian import JacobianMean, signs
from fretboard.model.checkpoint import assemble
from fretboard.model.inputs import Inputs, build_inputs
from tests.model.test_families import CASES, FAMILIES, loaded
from tests.support.exact_jacobian import exact_jacobian, exact_product
from tests.support.tiny_models import make_llava


@lru_cache
def answered():
    model, processor = make_llava()
    checkpoint = assemble(model.double(), processor, processor.tokenizer)
    image = Image.effect_noise((30, 30), 60).convert("RGB")
    return answer(checkpoint, build_inputs(checkpoint, "what is the cat", image, None), 4)


@pytest.mark.parametrize("span", Span)
def test_unit_vectors_give_the_whole_jacobian(span):
    forced = answered()
    at = sources(forced)
    width = forced.checkpoint.anatomy.width
    rows = products(forced, at, torch.eye(width, dtype=torch.float64))[span]
    for depth in range(len(forced.checkpoint.anatomy.layers)):
        exact = exact_jacobian(forced, depth, at[span])
        torch.testing.assert_close(rows[depth], exact, atol=1e-8, rtol=1e-6)


def test_the_last_layers_own_position_is_near_the_identity():
    """J_L is the identity: one layer before, a position adds itself to what it becomes."""
    forced = answered()
    rows = products(forced, sources(forced), torch.eye(forced.checkpoint.anatomy.width).double())
    diagonal = rows[Span.PROMPT][-1].diagonal()
    assert abs(float(diagonal.mean()) - 1) < 0.5


def test_probes_err_as_much_as_they_say():
    forced = answered()
    at, width = sources(forced), forced.checkpoint.anatomy.width
    exact = products(forced, at, torch.eye(width).double())[Span.PROMPT].float()
    mean = JacobianMean.empty(*exact.shape[:2])
    generator = torch.Generator().manual_seed(0)
    for _ in range(60):
        probes = signs(8, width, generator)
        mean.add(probes, products(forced, at, probes)[Span.PROMPT].float())
    for depth, stated in enumerate(mean.standard_error):
        error = float((mean.mean[depth] - exact[depth]).norm() / exact[depth].norm())
        assert 0.8 * stated < error < 1.25 * stated


def test_as_many_probes_as_the_width_are_the_unit_vectors():
    assert torch.equal(signs(48, 48, torch.Generator()), torch.eye(48))
    drawn = signs(5, 48, torch.Generator().manual_seed(0))
    assert drawn.shape == (5, 48)
    assert set(drawn.unique().tolist()) == {-1.0, 1.0}


@pytest.mark.parametrize(("name", "with_image"), CASES)
def test_every_familys_products_are_those_of_a_run_from_that_depth_on(name, with_image):
    checkpoint = loaded(name)
    forced = answer(checkpoint, Inputs(FAMILIES[name].inputs(with_image), None), 3)
    at = sources(forced)
    probes = signs(2, checkpoint.anatomy.width, torch.Generator().manual_seed(0))
    found = products(forced, at, probes)
    assert set(found) == set(at)
    if (name, with_image) == ("mllama", False):  # its last layer does not run without an image
        assert found[Span.PROMPT][-1].abs().amax(-1).min() > 0
        return
    for span, places in at.items():
        exact = exact_product(forced, 2, places, probes[1])
        torch.testing.assert_close(found[span][2, 1], exact, atol=1e-5, rtol=1e-3)
