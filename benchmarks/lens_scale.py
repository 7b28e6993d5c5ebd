"""What of "near zero until the critical layer, then a jump" survives the norm (docs/lenses.md).

    python benchmarks/lens_scale.py --scenes 40 --output /tmp/lenses

Captions of the bundled world's counter-prior scenes; every curve is a mean over their tokens.
raw, normed: the two lenses. matched: raw, each cell's logits divided by the temperature that gives
them the standard deviation (over the vocabulary) of the normed ones. scale alone: the last state's
direction at every depth, at the length it really has there: nothing but the scale changes.
shuffled: the normed lens, asked for another caption's tokens.
"""

import argparse
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import torch
from plotly.subplots import make_subplots

from fretboard.cli.options import drawn_world_settings
from fretboard.core.analysis import Analysis
from fretboard.core.reading import Lens
from fretboard.engine.derive import make_lens
from fretboard.engine.session import Session
from fretboard.figures.export import write_figure
from fretboard.figures.theme import THEMES, base_figure, depth_axis
from fretboard.lens.divergence import adjacent
from fretboard.lens.readout import LogitLens
from fretboard.studies.paper.pictures import captioned
from fretboard.studies.paper.studio import Studio

Curves = dict[str, np.ndarray]
NAMES = ("raw", "normed", "matched", "scale alone", "shuffled")
SIZE = (1200, 440)  # px of the picture, without its heading
DASHES = {"matched": "dash", "scale alone": "dot", "shuffled": "dashdot"}


def logits(lens: LogitLens, states: torch.Tensor) -> dict[str, torch.Tensor]:
    """(L+1, T, width) → logits (L+1, T, V) under each way of reading; depth L without shortcut."""
    raw, normed = lens.unembed(states).float(), lens.unembed(lens.final_norm(states)).float()
    matched = raw * (normed.std(-1, keepdim=True) / raw.std(-1, keepdim=True))
    lengths = states.norm(dim=-1, keepdim=True)
    direction = states[-1:] / lengths[-1:]
    return {
        "raw": torch.cat([raw[:-1], normed[-1:]]),  # as METHOD defines it
        "matched": torch.cat([matched[:-1], normed[-1:]]),
        "normed": normed,
        "scale alone": lens.unembed(direction * lengths).float(),
    }


@torch.inference_mode()
def read(lens: LogitLens, hidden: np.ndarray, ids: list[int], others: list[int]) -> Curves:
    """Curves of one caption: probability (L+1, T), JSD (L, T), lengths, standard deviations."""
    states = torch.from_numpy(hidden.astype(np.float32))
    figures: Curves = {"length": states.norm(dim=-1).numpy()}
    for name, values in logits(lens, states).items():
        log_p = values.log_softmax(-1)
        figures[f"p {name}"] = log_p[:, range(len(ids)), ids].exp().numpy()
        figures[f"jsd {name}"] = adjacent(log_p, "jsd").numpy()
        figures[f"std {name}"] = values.std(-1).numpy()
        if name == "normed":
            figures["p shuffled"] = log_p[:, range(len(ids)), others].exp().numpy()
    return figures


def measured(studio: Studio, captions: list[Analysis]) -> Curves:
    """Means over all tokens of all captions, by depth or pair."""
    lens = make_lens(studio.session.pipeline.checkpoint.anatomy, Lens.NORMED)
    random = np.random.default_rng(0)
    every = [token.id for each in captions for token in each.tokens]
    parts = []
    for each in captions:
        ids = [token.id for token in each.tokens]
        hidden = studio.session.arrays.named(each, "hidden_states")
        parts.append(read(lens, hidden, ids, random.choice(every, len(ids)).tolist()))
    return {name: np.concatenate([p[name] for p in parts], 1).mean(1) for name in parts[0]}


def figure(curves: Curves) -> go.Figure:
    """Probability, JSD and the scale of state and logits, over depth."""
    colors = THEMES["light"]
    titles = ("mean probability, emitted token", "mean JSD (nats)", "relative to depth L")
    panels = make_subplots(1, 3, subplot_titles=titles, horizontal_spacing=0.07)
    palette = dict(zip(NAMES, (colors.candidates[1], colors.ink, colors.candidates[4],
                               colors.candidates[3], colors.faint), strict=True))  # fmt: skip
    for name, color in palette.items():
        line = {"color": color, "dash": DASHES.get(name, "solid"), "width": 2}
        for column, kind in ((1, "p"), (2, "jsd")):
            if f"{kind} {name}" in curves:
                y = curves[f"{kind} {name}"]
                x = np.arange(len(y)) + (0.5 if kind == "jsd" else 0)
                panels.add_scatter(
                    x=x,
                    y=y,
                    mode="lines",
                    line=line,
                    name=name,
                    showlegend=column == 1,
                    row=1,
                    col=column,
                )
    for name, key, color in (
        ("length of the state", "length", colors.candidates[2]),
        ("spread of scale-alone logits", "std scale alone", colors.candidates[3]),
        ("spread of normed logits", "std normed", colors.ink),
    ):
        y = curves[key] / curves[key][-1]
        panels.add_scatter(
            y=y, mode="lines", name=name, line={"color": color, "width": 2}, row=1, col=3
        )
    styled = base_figure(colors, {"axis": "depth", "size": SIZE})
    styled.update_layout(xaxis={}, yaxis={})
    panels.update_layout(styled.layout)
    axis = depth_axis(len(curves["length"]) - 1)
    panels.update_xaxes(**axis | {"dtick": 2 * axis["dtick"]}, showgrid=False)
    panels.update_yaxes(gridcolor=colors.line, rangemode="tozero")
    panels.update_layout(
        showlegend=True, legend={"orientation": "h", "x": 0}, margin={"t": 70, "l": 40}
    )
    panels.update_annotations(font={"size": 13})
    return panels


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--scenes", type=int, default=40)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    settings = drawn_world_settings(None)
    studio = Studio(Session.open(settings, options.output / "store"))
    shown = captioned(settings, None, options.scenes)
    captions = [studio.ask(each.data) for each in shown]
    curves = measured(studio, captions)
    print(f"{len(captions)} captions, {sum(len(each.tokens) for each in captions)} tokens")
    keys = ["length", "std raw", "std normed", *(f"p {name}" for name in NAMES)]
    keys += [f"jsd {name}" for name in NAMES[:-1]]
    print("| depth | " + " | ".join(keys) + " |")
    print("|---" * (len(keys) + 1) + "|")
    for depth in range(len(curves["length"])):
        cells = [f"{curves[key][depth]:.3g}" if depth < len(curves[key]) else "" for key in keys]
        print(f"| {depth} | " + " | ".join(cells) + " |")
    title = "What of the jump survives the norm"
    note = f"{settings.model}, {len(captions)} captions, mean over tokens"
    write_figure(figure(curves), options.output / "lenses.svg", "light", title, note)
    write_figure(figure(curves), options.output / "lenses.png", "light", title, note)


if __name__ == "__main__":
    main()
