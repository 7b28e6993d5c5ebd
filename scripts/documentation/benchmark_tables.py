"""Write the tables of the pages below from the result files of benchmarks/results.

    python scripts/documentation/benchmark_tables.py

A result file `NAME.json` holds `command`, `machine` and `runs`: what `benchmarks/NAME.py` printed,
one object a run. A table stands between `<!-- table: NAME -->` and `<!-- end -->`.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGES = tuple(ROOT / "docs" / name for name in ("benchmarks.md", "experiments.md"))
BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
MODELS = {
    "bundled": "bundled (12 layers, width 192, 590 words)",
    "random32": "random Llama (32 layers, width 1024, 32 000 words)",
}
Run = dict[str, Any]


def analysis_cost(runs: list[Run]) -> list[list[str]]:
    """A row a model, the ratios of its runs."""
    rows = [
        ["model", "ours", "the published scripts' way", "`generate` + one extra forward pass",
         "scripts' ÷ ours, on top of `generate`"],
    ]  # fmt: skip
    for model, name in MODELS.items():
        own = [run for run in runs if run["model"] == model]
        ratios = [run["ratio_to_plain"] for run in own]
        ways = [
            each([ratio[way] for ratio in ratios if way in ratio], ".2f")
            for way in ("ours", "scripts", "forward")
        ]
        rows.append([name, *ways, each([run["scripts_over_ours_on_top"] for run in own], ".2g")])
    return rows


def lens_rate(runs: list[Run]) -> list[list[str]]:
    """A row a divergence, its share of the square product's rate."""
    shares = [
        [f"`{name}`", each([run["share"][name] for run in runs], ".0%")]
        for name in ("jsd", "symmetric-kl", "paper-code")
    ]
    return [["divergence", "share"], *shares]


def batching(runs: list[Run]) -> list[list[str]]:
    """A row a part of the work: seconds apart and together, and their ratio."""
    rows = [["", "one after another", "together", "throughput"]]
    for key, name in (
        ("whole", "whole, every token read out"),
        ("without readout", "without the readout"),
        ("prompt alone", "prompts alone"),
    ):
        seconds = [
            each([run[f"{key}: {way} s"] for run in runs], ".1f", " s")
            for way in ("apart", "together")
        ]
        ratio = each([run[f"{key}: throughput ratio"] for run in runs], ".1f")
        rows.append([name, *seconds, f"× {ratio}"])
    return rows


def real_weights(runs: list[Run]) -> list[list[str]]:
    """A row a run: seconds, their ratio, and the process's peak."""
    rows = [["model", "plain `generate`", "analysis", "ratio (least to most)", "peak memory"]]
    for run in runs:
        cost = run["cost"]
        seconds = [f"{value:.1f} s" for value in cost["median seconds"].values()]
        least, middle, most = cost["ratio: least, median, most"]
        ratio = f"{middle:.2f} ({least:.2f} to {most:.2f})"
        peaks = " → ".join(f"{value / 1000:.2f} GB" for value in cost["peak MB"].values())
        rows.append([f"`{run['about']['model']}`", *seconds, ratio, peaks])
    return rows


def saliency_pointing(runs: list[Run]) -> list[list[str]]:
    """A row a kind of word and depth, a column a way; in bold what is not better than chance."""
    ways = list(dict.fromkeys(run["way"] for run in runs))
    rows = [["words", "depth", *ways]]
    for kind in dict.fromkeys(run["kind"] for run in runs):
        own = {run["way"]: run for run in runs if run["kind"] == kind}
        chance = next(iter(own.values()))["chance"]
        words = f"{kind} ({own[ways[0]]['words']}; chance {_interval(chance)})"
        found = {way: {row["depth"]: row for row in run["depths"]} for way, run in own.items()}
        for depth in (None, *found[ways[0]]):
            chosen = {
                way: own_rows.get(0 if depth is None else depth)
                for way, own_rows in found.items()
                if (len(own_rows) == 1) == (depth is None)
            }
            cells = [_pointing(chosen.get(way), chance["share"]) for way in ways]
            rows.append([words, "all" if depth is None else str(depth), *cells])
            words = ""
    return rows


def _pointing(row: Run | None, chance: float) -> str:
    if row is None:
        return ""
    text = _interval(row)
    return text if row["low"] > chance else f"**{text}**"


def _interval(row: Run) -> str:
    return "{share:.2f} [{low:.2f}, {high:.2f}]".format(**row)


TABLES: dict[str, Callable[[list[Run]], list[list[str]]]] = {
    "analysis_cost": analysis_cost,
    "lens_rate": lens_rate,
    "batching": batching,
    "real_weights": real_weights,
    "saliency_pointing": saliency_pointing,
}


def each(values: list[float], form: str, unit: str = "") -> str:
    """The figure of every run."""
    return ", ".join(f"{value:{form}}{unit}".replace("%", " %") for value in values)


def table(name: str) -> str:
    """Markdown of a result file."""
    result = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())
    head, *rows = TABLES[name](result["runs"])
    lines = [head, ["---"] * len(head), *rows]
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return text.replace("|  |", "| |").replace("|  |", "| |")


def filled(page: str) -> str:
    """The page with every table as its result file has it."""
    return BLOCK.sub(lambda match: f"{match[1]}{table(match[2])}\n{match[3]}", page)


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(filled(page.read_text()))
