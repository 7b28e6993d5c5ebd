"""Every sentence on a causal test agrees with its arrays, whatever they are."""

import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from fretboard.analysis.causal_tests import find
from fretboard.core.analysis import Analysis, ModelInfo
from fretboard.core.causal_test import SPANS, Kind, Taught, planned
from fretboard.core.question import AnalysisRequest, ImageInfo
from fretboard.figures.findings import FINDERS
from fretboard.figures.saliency import AGREES, WAYS

NUMBER = r"[+−]?\d+(?:\.\d+)?"
PLAIN = settings(deadline=None, max_examples=80)


def document(kind, layers, tokens):
    image = ImageInfo(sha256="0" * 64, width=9, height=9, media_type="image/png")
    request = AnalysisRequest(prompt="what", model="tiny", image=image)
    model = ModelInfo(name="tiny", revision="0", family="x", layers=layers, width=4, vocabulary=9)
    taught = [Taught(index=t, id=t, text=f" word{t}", log_probability=-1) for t in range(tokens)]
    head = planned(Analysis(id="0" * 32, request=request, model=model), kind)
    return head.model_copy(update={"tokens": taught, "note": {"rivals": [" rival"] * tokens}})


@st.composite
def cases(draw):
    """(layers, tokens, the token or None for the mean, noise of some size)."""
    layers, tokens = draw(st.integers(2, 20)), draw(st.integers(1, 5))
    token = draw(st.one_of(st.none(), st.integers(0, tokens - 1)))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = draw(st.sampled_from([0.01, 0.3, 2.0]))
    return layers, tokens, token, lambda *shape: random.normal(0, size, shape)


def numbers(text):
    return [float(n.replace("−", "-")) for n in re.findall(NUMBER, text)]


def of(table, token):
    return table.mean(axis=-1) if token is None else table[..., token]


@given(case=cases())
@PLAIN
def test_cut(case):
    layers, tokens, token, noise = case
    table = noise(layers + 1, tokens)
    found = find(document(Kind.CUT, layers, tokens), {"log_probability": table}, token)
    curve = of(table, token)
    lost, whole = curve[-1] - curve, curve[-1] - curve[0]
    if "hardly matters" in found.sentence:
        assert abs(whole) < 0.1
        return
    verb, size, half, settled = re.search(
        r"(falls|rises) by ([\d.]+) nats; blind from depth (\d+) on, by at most half of that, from "
        r"depth (\d+) on",
        found.sentence,
    ).groups()
    assert verb == ("falls" if whole > 0 else "rises")
    assert abs(float(size) - abs(whole)) <= 0.0051
    for depth, share in ((int(half), 0.5), (int(settled), 0.1)):
        assert (np.abs(lost[depth:]) <= share * abs(whole) + 1e-9).all()
        assert abs(lost[depth - 1]) > share * abs(whole) - 1e-9  # and not a depth earlier


@given(case=cases())
@PLAIN
def test_patching(case):
    layers, tokens, token, noise = case
    table = noise(layers + 1, len(SPANS), tokens)
    table[-1, SPANS.index("image")], table[-1, SPANS.index("predicting")] = 0, 1
    found = find(document(Kind.PATCHING, layers, tokens), {"recovered": table}, token)
    image, deciding = (of(table[:, SPANS.index(span)], token) for span in ("image", "predicting"))
    share, half, settled, decided = re.search(
        r"bring back ([−\d]+) % of the difference at depth 0, at most half of it from depth (\d+) "
        r"on and at most a tenth from depth (\d+) on.* more than half from depth (\d+) on",
        found.sentence,
    ).groups()
    assert abs(float(share.replace("−", "-")) - 100 * image[0]) <= 0.51
    assert (np.abs(image[int(half) :]) <= 0.5).all()
    assert (np.abs(image[int(settled) :]) <= 0.1).all()
    assert (deciding[int(decided) :] >= 0.5).all()
    for depth, held in (
        (int(half), np.abs(image) <= 0.5),
        (int(settled), np.abs(image) <= 0.1),
        (int(decided), deciding >= 0.5),
    ):
        assert depth == 0 or not held[depth - 1]


@given(case=cases())
@PLAIN
def test_knockout(case):
    layers, tokens, token, noise = case
    table = noise(layers, tokens)
    found = find(document(Kind.KNOCKOUT, layers, tokens), {"effect": table}, token)
    effect = of(table, token)
    quiet, known = map(int, re.search(r"(\d+) of (\d+) layers", found.sentence).groups())
    assert (quiet, known) == (int((np.abs(effect) < 0.1).sum()), layers)
    if match := re.match(rf"Layer (\d+) is needed most: .* by ({NUMBER}) nats\.", found.sentence):
        assert int(match[1]) == effect.argmin()
        assert abs(numbers(match[2])[0] - effect.min()) <= 0.0051
        assert effect.min() <= -0.1
    else:
        assert found.sentence.startswith("No layer alone is needed")
        assert effect.min() > -0.1


@given(case=cases())
@PLAIN
def test_attribution(case):
    layers, tokens, token, noise = case
    parts = {"attention": noise(layers, tokens), "mlp": noise(layers, tokens)}
    rest = {"embeddings": noise(tokens), "constant": noise(tokens)}
    whole = sum(p.sum(axis=0) for p in parts.values()) + sum(rest.values())
    found = find(document(Kind.ATTRIBUTION, layers, tokens), parts | rest | {"whole": whole}, token)
    told = re.search(
        rf"Of ({NUMBER}) logits .*attention adds ({NUMBER}), the MLPs ({NUMBER}), embeddings and "
        rf"biases ({NUMBER})\. The largest part is the (attention|MLP) of layer (\d+), "
        rf"({NUMBER})\.",
        found.sentence,
    )
    name, layer = {"attention": "attention", "MLP": "mlp"}[told[5]], int(told[6])
    mine = {part: of(values, token) for part, values in parts.items()}
    expected = (
        of(whole, token), mine["attention"].sum(), mine["mlp"].sum(),
        sum(of(values, token) for values in rest.values()), mine[name][layer],
    )  # fmt: skip
    stated = [numbers(told[i])[0] for i in (1, 2, 3, 4, 7)]
    assert np.abs(np.array(stated) - expected).max() <= 0.0051
    assert abs(mine[name][layer]) >= max(np.abs(values).max() for values in mine.values()) - 1e-12


@given(case=cases(), patches=st.integers(2, 9), scale=st.sampled_from([1.0, 2e-5]))
@PLAIN
def test_saliency(case, patches, scale):
    layers, tokens, token, noise = case
    arrays = {way: noise(layers + 1, patches, tokens) for way in WAYS if way != "ablation"}
    arrays["ablation"] = noise(patches, tokens) * scale
    found = find(document(Kind.SALIENCY, layers, tokens), arrays, token)
    lost = of(arrays["ablation"], token)
    told = re.match(rf"Without patch (\d+), .* falls by ({NUMBER}) nats, more than", found.sentence)
    assert (told is None) == (lost.max() < 0.005)
    if told:
        assert int(told[1]) == lost.argmax()
        assert abs(numbers(told[2])[0] - lost.max()) <= 0.0051
    else:
        assert "Without any one patch" in found.sentence
    for way, name in WAYS.items():
        if way == "ablation":
            continue
        rows = of(arrays[way], token)
        best = max(spearmanr(row, lost).statistic for row in rows)
        stated = re.search(rf"{re.escape(name)} ({NUMBER})", found.sentence)
        assert abs(numbers(stated[1])[0] - best) <= 0.0051
        warned = re.search(r"Do not read (.*) here", found.sentence)
        named = re.split(", | or ", warned[1]) if warned else []
        assert (name in named) == (best < AGREES)


def test_every_finding_is_held_against_its_arrays():
    assert {f"test_{kind}" for kind in FINDERS} <= globals().keys()
