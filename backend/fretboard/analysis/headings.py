"""Title and note of a figure that stands by itself, without the page around it."""

from fretboard.analysis.figure_options import FigureOptions
from fretboard.analysis.figures import Subject
from fretboard.core.question import SkipWhen
from fretboard.figures import QUANTITIES
from fretboard.figures.quantities import NAMES_OF_DIVERGENCE, NAMES_OF_LENS, NAMES_OF_SCALING
from fretboard.figures.theme import readable


def heading(name: str, of: Subject, options: FigureOptions) -> tuple[str, str]:
    """Title and note of a figure: what, of which model and prompt, under which reading."""
    analysis, reading = of.analysis, of.reading
    token = f"token {options.token}"
    if name in ("divergence", "competition", "both-competitions"):
        token += f" “{readable(analysis.tokens[options.token].text)}”"
    titles = {
        "fretboard": QUANTITIES[options.quantity].title,
        "profile": f"{options.quantity}, mean over tokens",
        "divergence": f"divergence of adjacent depths, {token}",
        "competition": f"competition at {token}",
        "both-competitions": f"competition of A and B, from {token} of A",
        "trajectory": "hidden states of all tokens on one map",
        "patches": f"“{''.join(options.word[:1]).strip()}” over the image",
        "perplexities": "hidden states of all tokens at several perplexities",
    }
    quantity = {"fretboard": options.quantity, "profile": options.quantity, "divergence": "jsd"}
    parts = [analysis.model.name, f"“{analysis.request.prompt}”"]
    if name not in ("trajectory", "perplexities"):
        parts.append(NAMES_OF_LENS[reading.lens])
        parts.append(NAMES_OF_DIVERGENCE[reading.divergence] if quantity.get(name) == "jsd" else "")
        parts.append(NAMES_OF_SCALING[reading.scale] if name in quantity else "")
    if analysis.stages is not None:
        without = analysis.stages.verdict == "none"
        parts.append("no stages found" if without else f"stages: {analysis.stages.method}")
    if analysis.request.skip_layers:
        layers = ", ".join(map(str, analysis.request.skip_layers))
        after = " after the prompt" if analysis.request.skip_when is SkipWhen.DECODE else ""
        parts.append(f"skipped layers {layers}{after}")
    if analysis.request.steering is not None:
        parts.append(analysis.request.steering.summary)
    return titles[name], " · ".join(filter(None, parts))
