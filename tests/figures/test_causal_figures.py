"""Figures of causal tests show the numbers they were given, with units and signs."""

import re

import numpy as np
import pytest

from fretboard.figures.causal_tests import (
    SPAN_NAMES,
    attribution_figure,
    cut_figure,
    knockout_figure,
    patching_figure,
)
from fretboard.figures.theme import THEMES
from tests.support.random_data import fresh

LAYERS, TOKENS = 6, 4
TEXTS = [" the", " cat", "<0xE2>", "\n"]


@pytest.fixture
def random():
    return fresh()


@pytest.mark.parametrize("theme", THEMES)
def test_knockout_bars_are_the_effect_coloured_by_sign(random, theme):
    effect = random.normal(size=(LAYERS, TOKENS)).astype(np.float32)
    effect[2] = np.nan  # a layer that cannot be skipped
    mean = knockout_figure({"effect": effect}, TEXTS, theme=theme)
    np.testing.assert_allclose(mean.data[0].y, effect.mean(1), rtol=1e-5)
    one = knockout_figure({"effect": effect}, TEXTS, 1, theme)
    np.testing.assert_array_equal(one.data[0].y, effect[:, 1])
    low, high = THEMES[theme].diverging[0][1], THEMES[theme].diverging[-1][1]
    expected = [high if value > 0 else low for value in effect[:, 1]]
    assert list(one.data[0].marker.color) == expected
    assert "nats" in one.layout.yaxis.title.text
    assert "·cat" in one.layout.yaxis.title.text


def test_patching_shows_depth_by_span_around_a_true_zero(random):
    recovered = random.normal(1, 2, (LAYERS + 1, len(SPAN_NAMES), TOKENS)).astype(np.float32)
    recovered[:, :, 3] = np.nan
    figure = patching_figure({"recovered": recovered}, TEXTS)
    heatmap = figure.data[0]
    np.testing.assert_allclose(heatmap.z, recovered[:, :, :3].mean(-1), rtol=1e-4, atol=1e-6)
    assert heatmap.zmin == -heatmap.zmax
    assert heatmap.zmax >= np.abs(heatmap.z).max()
    assert "share" in heatmap.colorbar.title.text
    assert figure.layout.yaxis.title.text == "depth (layers applied)"
    empty = patching_figure({"recovered": np.full_like(recovered, np.nan)}, TEXTS)
    assert list(empty.layout.yaxis.range) == [-0.5, LAYERS + 0.5]


def test_attribution_shows_both_parts_and_tells_the_rest(random):
    arrays = {name: random.normal(size=(LAYERS, TOKENS)) for name in ("attention", "mlp")}
    arrays |= {name: random.normal(size=TOKENS) for name in ("embeddings", "constant")}
    arrays["whole"] = sum(value.sum(0) if value.ndim == 2 else value for value in arrays.values())
    figure = attribution_figure(arrays, TEXTS, 0)
    shown = {bar.name.split(",")[0]: bar.y for bar in figure.data}
    np.testing.assert_allclose(shown["attention"], arrays["attention"][:, 0], rtol=1e-6)
    np.testing.assert_allclose(shown["MLP"], arrays["mlp"][:, 0], rtol=1e-6)
    rest = arrays["embeddings"][0] + arrays["constant"][0]
    told = re.findall(r"[+-]?\d+\.\d+", figure.layout.xaxis.title.text.replace("−", "-"))
    np.testing.assert_allclose([float(one) for one in told], [rest, arrays["whole"][0]], atol=0.006)
    assert "logits" in figure.layout.yaxis.title.text


def test_the_cut_is_a_curve_over_depth_with_the_mean_behind(random):
    table = random.normal(size=(LAYERS + 1, TOKENS)).astype(np.float32)
    figure = cut_figure({"log_probability": table}, TEXTS, 2)
    mean, one = figure.data
    np.testing.assert_allclose(mean.y, table.mean(1), rtol=1e-5)
    np.testing.assert_array_equal(one.y, table[:, 2])
    assert list(one.x) == list(range(LAYERS + 1))
    assert "0xE2" in one.name
    assert "nats" in figure.layout.yaxis.title.text
    assert len(cut_figure({"log_probability": table}, TEXTS).data) == 1
