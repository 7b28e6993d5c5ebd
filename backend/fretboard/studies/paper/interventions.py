"""Hallucinated tokens, and captions under the paper's sets of skipped layers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from fretboard.analysis.skip_presets import PRESETS, preset_layers
from fretboard.core.analysis import Analysis, Token
from fretboard.core.errors import InputError
from fretboard.studies.paper import reports
from fretboard.studies.paper.curves import LENSES, compete
from fretboard.studies.paper.pictures import Shown
from fretboard.studies.paper.section import Exhibit
from fretboard.studies.paper.studio import Studio
from fretboard.studies.paper.truth import Stated, stated_colors

DRAWN_CASES = 3  # the paper shows three
Captioned = Sequence[tuple[Shown, Analysis]]


@dataclass(frozen=True)
class Run:
    """A caption under a preset: share of words kept, colours stated with it and without."""

    kept: float
    after: Counter[str]
    before: Counter[str]


def hallucinated(studio: Studio, captions: Captioned) -> Exhibit:
    """Competition at words that are untrue, where the truth is known; else at reversals."""
    cases = _untrue(captions) or _reversed(captions)
    pictures = [
        compete(studio, analysis, token, lens, f"hallucinated-{place}", *words)
        for place, (analysis, token, words) in enumerate(cases[:DRAWN_CASES])
        for lens in LENSES
    ]
    stated = [one for shown, analysis in captions for one in _stated(shown, analysis)]
    found = [_reversals_told(kind, stated) for kind in ("prior", "true")] if stated else []
    found += [_case_told(analysis, token, words) for analysis, token, words in cases[:DRAWN_CASES]]
    title = "Competition of hallucinated words"
    return Exhibit("hallucinated", title, reports.HALLUCINATED, found, pictures)


def skips(studio: Studio, captions: Captioned) -> Exhibit:
    """Each caption again under skip.1 to skip.3, computed from its own stages."""
    rows: list[dict[str, str]] = []
    told: dict[str, list[Run]] = {}
    for shown, plain in captions:
        for name in ("none", *PRESETS):
            row, again = _skipped(studio, shown, plain, name)
            rows.append(row)
            if again is not None:
                kept = SequenceMatcher(None, _words(plain), _words(again)).ratio()
                row["same words"] = f"{kept:.2f}"
                told.setdefault(name, []).append(
                    Run(kept, _counted(shown, again), _counted(shown, plain))
                )
    columns = {key: [row[key] for row in rows] for key in rows[0]}
    found = [_preset_told(name, runs) for name, runs in told.items()]
    title = "Captions with layers skipped"
    return Exhibit("skips", title, reports.SKIPS, found, [], {"skips": columns}, "skips")


def _skipped(
    studio: Studio, shown: Shown, plain: Analysis, name: str
) -> tuple[dict[str, str], Analysis | None]:
    """The table's row, and the run; None where the answer's stages leave nothing to skip."""
    row = {"image": shown.name, "preset": name, "layers": "", "same words": "", "answer": ""}
    try:
        layers = () if name == "none" else preset_layers(name, plain)  # type: ignore[arg-type]
    except InputError as error:
        return row | {"answer": f"({error.detail})"}, None
    again = studio.ask(shown.data, skipped=layers) if layers else plain
    answer = again.answer or ""
    return row | {"layers": ", ".join(map(str, layers)), "answer": answer}, again


def _counted(shown: Shown, analysis: Analysis) -> Counter[str]:
    return Counter(one.outcome for one in _stated(shown, analysis))


def _preset_told(name: str, runs: list[Run]) -> str:
    same = sum(run.kept for run in runs) / len(runs)
    after = sum((run.after for run in runs), Counter[str]())
    before = sum((run.before for run in runs), Counter[str]())
    said = f"{name}: {len(runs)} captions"
    if name != "none":
        said += f", same words {same:.2f} on average, {sum(r.kept == 1 for r in runs)} unchanged"
    if not before:
        return f"{said}."
    changed = "" if name == "none" else f"; without skipping, of the same: {_outcomes(before)}"
    return f"{said}; colours stated: {_outcomes(after)}{changed}."


def _outcomes(counts: Counter[str]) -> str:
    return f"{counts['true']} true, {counts['prior']} typical but untrue, {counts['other']} other"


def _untrue(captions: Captioned) -> list[tuple[Analysis, Token, list[str]]]:
    return [
        (analysis, one.token, [one.group.color])
        for shown, analysis in captions
        for one in _stated(shown, analysis)
        if one.outcome == "prior"
    ]


def _reversed(captions: Captioned) -> list[tuple[Analysis, Token, list[str]]]:
    return [(one, token, []) for _, one in captions for token in one.tokens if token.reversal]


def _stated(shown: Shown, analysis: Analysis) -> list[Stated]:
    return stated_colors(analysis, shown.scene) if shown.scene else []


def _reversals_told(outcome: str, stated: list[Stated]) -> str:
    name = {"prior": "hallucinated (the typical colour, not the drawn one)", "true": "true"}[
        outcome
    ]
    mine = [one for one in stated if one.outcome == outcome and one.group.counter_prior]
    share = sum(one.token.reversal is not None for one in mine)
    return (
        f"{len(mine)} colour words of unusual objects are {name}; {share} of them show a reversal."
    )


def _case_told(analysis: Analysis, token: Token, words: list[str]) -> str:
    rival = token.reversal
    led = (
        f"“{rival.rival_text.strip()}” leads from depth {rival.from_depth} to {rival.to_depth} and "
        f"is overturned at {rival.overturned_at}"
        if rival
        else "no reversal is found"
    )
    drawn = f", drawn: {', '.join(words)}" if words else ""
    return f"“{token.text.strip()}” in “{analysis.answer}”{drawn}: {led}."


def _words(analysis: Analysis) -> list[str]:
    return (analysis.answer or "").split()
