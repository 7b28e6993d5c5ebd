"""What a causal test found, as one sentence and its numbers: where an answer is decided."""

from collections.abc import Callable, Mapping

import numpy as np
from pydantic import BaseModel

from fretboard.core.causal_test import SPANS, CausalTest, Kind
from fretboard.figures.causal_tests import of_token
from fretboard.figures.hit_rates import warning
from fretboard.figures.saliency import AGREES, WAYS, agreement
from fretboard.figures.theme import listed, quoted, typeset, whole_percent

SMALL = 0.1  # nats below which a change of a log-probability is called none
UNSEEN = 0.005  # nats, which two decimals show as none
HALF, TENTH = 0.5, 0.1  # of the whole effect: where most of it is over, and where it is over
Arrays = Mapping[str, np.ndarray]


class Finding(BaseModel):
    """`numbers` are the sentence's: nats, logits or shares; depths and layers are whole numbers."""

    sentence: str
    numbers: dict[str, float | int | None]


def cut_finding(document: CausalTest, arrays: Arrays, token: int | None) -> Finding:
    """From which depth on the text does without the image."""
    curve = of_token(arrays["log_probability"], token)
    lost = curve[-1] - curve
    whole = float(lost[0])
    if abs(whole) < SMALL:
        return Finding(
            sentence=f"Blind to the image from the start, {_whose(document, token)} changes by "
            f"{abs(whole):.2f} nats: by this test the image hardly matters to it.",
            numbers={"whole": whole, "half_from": None, "settled_from": None},
        )
    half, settled = (_from(np.abs(lost) <= share * abs(whole)) for share in (HALF, TENTH))
    return Finding(
        sentence=(
            f"Blind to the image from the start, {_whose(document, token)} "
            f"{'falls' if whole > 0 else 'rises'} by {abs(whole):.2f} nats; blind from depth "
            f"{half} on, by at most half of that, from depth {settled} on, by at most a tenth: "
            f"from there the text has what it needs of the image."
        ),
        numbers={"whole": whole, "half_from": half, "settled_from": settled},
    )


def patching_finding(document: CausalTest, arrays: Arrays, token: int | None) -> Finding:
    """Where the image positions stop mattering, and from where the answer is decided."""
    shares = of_token(arrays["recovered"], token)
    image, deciding = (shares[:, SPANS.index(span)] for span in ("image", "predicting"))
    if np.isnan(image).all():
        nothing = {"at_start": None, "half_from": None, "settled_from": None, "decided_from": None}
        return Finding(
            sentence=f"The two runs hardly differ in {_whose(document, token)}: "
            "what sets their images apart makes no difference to it, so there is nothing to bring "
            "back.",
            numbers=nothing,
        )
    half, settled = (_from(np.abs(image) <= share) for share in (HALF, TENTH))
    donor = "other image" if document.into_image else "image"
    decided = _from(deciding >= HALF)
    return Finding(
        sentence=(
            f"Put in at the image positions, the states of the run with the {donor} bring back "
            f"{whole_percent(image[0])} of the difference at depth 0, at most half of it from "
            f"depth {half} on and at most a tenth from depth {settled} on: from there the image "
            f"positions no longer matter. Put in where the answer is predicted, they bring back "
            f"more than half from depth {decided} on."
        ),
        numbers={
            "at_start": float(image[0]), "half_from": half, "settled_from": settled,
            "decided_from": decided,
        },
    )  # fmt: skip


def knockout_finding(document: CausalTest, arrays: Arrays, token: int | None) -> Finding:
    """The layer that is needed most, and how many hardly matter."""
    effect = of_token(arrays["effect"], token)
    known = effect[~np.isnan(effect)]
    layer, least = int(np.nanargmin(effect)), float(known.min())
    quiet = int((np.abs(known) < SMALL).sum())
    rest = f"{quiet} of {len(known)} layers change it by less than {SMALL} nats each"
    numbers = {"layer": layer, "effect": least, "quiet": quiet, "layers": len(known)}
    if least > -SMALL:
        sentence = f"No layer alone is needed for {_whose(document, token)}; {rest}."
    else:
        sentence = f"Layer {layer} is needed most: without it {_whose(document, token)} changes by "
        sentence += f"{_nats(least)}. {rest[0].upper()}{rest[1:]}."
    return Finding(sentence=sentence, numbers=numbers)


def attribution_finding(document: CausalTest, arrays: Arrays, token: int | None) -> Finding:
    """How much attention and the MLPs add, and the largest part."""
    parts = {name: of_token(arrays[name], token) for name in ("attention", "mlp")}
    embeddings, constant, whole = (
        float(of_token(arrays[name], token)) for name in ("embeddings", "constant", "whole")
    )
    rest = embeddings + constant
    name, layer = max(
        ((name, int(np.abs(values).argmax())) for name, values in parts.items()),
        key=lambda place: abs(float(parts[place[0]][place[1]])),
    )
    label = {"attention": "the attention", "mlp": "the MLP"}[name]
    sums = {part: float(values.sum()) for part, values in parts.items()}
    return Finding(
        sentence=typeset(
            f"Of {whole:+z.2f} logits {_towards(document, token)}, attention adds "
            f"{sums['attention']:+z.2f}, the MLPs {sums['mlp']:+z.2f}, embeddings and biases "
            f"{rest:+z.2f}. The largest part is {label} of layer {layer}, "
            f"{float(parts[name][layer]):+z.2f}."
        ),
        numbers={
            "whole": whole, "attention": sums["attention"], "mlp": sums["mlp"], "rest": rest,
            "layer": layer, "largest": float(parts[name][layer]),
        },
    )  # fmt: skip


def saliency_finding(document: CausalTest, arrays: Arrays, token: int | None) -> Finding:
    """The patch that the answer needs most, and which of the other ways agree with that."""
    lost = of_token(arrays["ablation"], token)
    patch = int(np.argmax(lost))
    scores = agreement(arrays, token)
    named = [f"{WAYS[way]} {v:+.2f}" for way, v in scores.items() if v is not None]
    poor = [WAYS[way] for way, v in scores.items() if v is not None and v < AGREES]
    apart = f" Do not read {listed(poor, 'or')} here as where it comes from." if poor else ""
    word = None if token is None else document.tokens[token].text
    known = warning({way: WAYS[way] for way in (*scores, "ablation")}, word)
    needed = (
        f"Without patch {patch}, {_whose(document, token)} falls by {float(lost[patch]):.2f} nats, "
        "more than without any other."
        if lost[patch] >= UNSEEN
        else f"Without any one patch, {_whose(document, token)} does not fall by as much as "
        "0.01 nats: by this test no single patch matters to it."
    )
    agree = typeset(f"{', '.join(named) or 'none'}.{apart}")
    sentence = f"{needed} Rank correlation with that over all patches, at the best depth: {agree}"
    return Finding(
        sentence=f"{sentence} {known}".strip(),
        numbers={"patch": patch, "lost": float(lost[patch]), **scores},
    )


Finder = Callable[[CausalTest, Arrays, int | None], Finding]
FINDERS: Mapping[Kind, Finder] = {
    Kind.KNOCKOUT: knockout_finding,
    Kind.PATCHING: patching_finding,
    Kind.ATTRIBUTION: attribution_finding,
    Kind.CUT: cut_finding,
    Kind.SALIENCY: saliency_finding,
}


def _from(holds: np.ndarray) -> int | None:
    """The first index from which all later entries hold too; None where the last does not."""
    failing = np.flatnonzero(~holds)
    first = int(failing[-1]) + 1 if len(failing) else 0
    return first if first < len(holds) else None


def _whose(document: CausalTest, token: int | None) -> str:
    if token is None:
        return f"the log-probability (mean of {len(document.tokens)} tokens)"
    return f"the log-probability of {quoted(document.tokens[token].text)}"


def _towards(document: CausalTest, token: int | None) -> str:
    if token is None:
        return f"towards the emitted tokens from their rivals (mean of {len(document.tokens)})"
    rival = document.note["rivals"][token]
    return f"towards {quoted(document.tokens[token].text)} from {quoted(rival)}"


def _nats(change: float) -> str:
    return typeset(f"{change:+.2f} nats")
