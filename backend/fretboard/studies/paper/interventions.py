"""Hallucinated tokens, and captions under the paper's sets of skipped layers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fretboard.analysis.skip_presets import PRESETS, preset_layers
from fretboard.core.analysis import Analysis, Token
from fretboard.core.errors import InputError
from fretboard.studies.paper import section
from fretboard.studies.paper.curves import LENSES, compete
from fretboard.studies.paper.pictures import PaperPicture
from fretboard.studies.paper.section import Exhibit
from fretboard.studies.paper.studio import Studio
from fretboard.studies.variants.pairs import in_order
from fretboard.tiny_llava.world.dialogue import CAPTION, noun
from fretboard.tiny_llava.world.judge import Outcome, color_outcome, color_position
from fretboard.tiny_llava.world.scene import COLORS, Group, Scene

DRAWN_CASES = 3  # the paper shows three
OUTCOMES: dict[Outcome, str] = {
    "prior": "hallucinated (the typical colour, not the drawn one)",
    "true": "true",
}
Captioned = Sequence[tuple[PaperPicture, Analysis]]


@dataclass(frozen=True)
class Stated:
    """A colour word about a drawn group; `outcome` prior: the kind's typical colour, untrue."""

    group: Group
    token: Token
    outcome: Outcome


@dataclass(frozen=True)
class Case:
    """A token that says what is not there; `drawn`: the true word, where it is known."""

    analysis: Analysis
    token: Token
    drawn: tuple[str, ...] = ()


@dataclass(frozen=True)
class SkippedCaption:
    """A caption under a preset: share of words kept, colours stated with it and without."""

    kept: float
    after: Counter[str]
    before: Counter[str]


def stated_colors(analysis: Analysis, scene: Scene | None) -> list[Stated]:
    """Every group of a drawn scene whose colour the detailed caption states."""
    words = [token.text.strip() for token in analysis.tokens]
    stated = []
    for group in scene.groups if scene else ():
        at = color_position(words, noun(group), COLORS, CAPTION)
        if at is not None:
            stated.append(Stated(group, analysis.tokens[at], color_outcome(group, words[at])))
    return stated


def hallucinated(studio: Studio, captions: Captioned) -> Exhibit:
    """Competition at words that are untrue, where the truth is known; else at reversals."""
    stated = [
        (analysis, word)
        for shown, analysis in captions
        for word in stated_colors(analysis, shown.scene)
    ]
    cases = [
        Case(analysis, word.token, (word.group.color,))
        for analysis, word in stated
        if word.outcome == "prior"
    ] or [Case(a, token) for _, a in captions for token in a.tokens if token.reversal]
    pictures = [
        compete(studio, case.analysis, case.token, lens, f"hallucinated-{place}", *case.drawn)
        for place, case in enumerate(cases[:DRAWN_CASES])
        for lens in LENSES
    ]
    sentences = [_reversals(kind, [w for _, w in stated]) for kind in OUTCOMES] if stated else []
    sentences += [_sentence(case) for case in cases[:DRAWN_CASES]]
    title = "Competition of hallucinated words"
    return Exhibit("hallucinated", title, section.HALLUCINATED, sentences, pictures)


def skips(studio: Studio, captions: Captioned) -> Exhibit:
    """Each caption again under skip.1 to skip.3, computed from its own stages."""
    rows: list[dict[str, str]] = []
    runs: dict[str, list[SkippedCaption]] = {}
    for shown, plain in captions:
        for name in ("none", *PRESETS):
            row, again = _skipped(studio, shown, plain, name)
            rows.append(row)
            if again is not None:
                kept = in_order(*((each.answer or "").split() for each in (plain, again)))
                row["same words"] = f"{kept:.2f}"
                counts = (_outcomes_of(shown, analysis) for analysis in (again, plain))
                runs.setdefault(name, []).append(SkippedCaption(kept, *counts))
    columns = {key: [row[key] for row in rows] for key in rows[0]}
    sentences = [_preset_sentence(name, own) for name, own in runs.items()]
    title = "Captions with layers skipped"
    return Exhibit("skips", title, section.SKIPS, sentences, [], {"skips": columns}, "skips")


def _skipped(
    studio: Studio, shown: PaperPicture, plain: Analysis, name: str
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


def _outcomes_of(shown: PaperPicture, analysis: Analysis) -> Counter[str]:
    return Counter(word.outcome for word in stated_colors(analysis, shown.scene))


def _preset_sentence(name: str, runs: list[SkippedCaption]) -> str:
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


def _reversals(outcome: Outcome, stated: list[Stated]) -> str:
    mine = [word for word in stated if word.outcome == outcome and word.group.counter_prior]
    share = sum(word.token.reversal is not None for word in mine)
    return (
        f"{len(mine)} colour words of unusual objects are {OUTCOMES[outcome]}; {share} of them "
        "show a reversal."
    )


def _sentence(case: Case) -> str:
    rival = case.token.reversal
    led = (
        f"“{rival.rival_text.strip()}” leads from depth {rival.from_depth} to {rival.to_depth} and "
        f"is overturned at {rival.overturned_at}"
        if rival
        else "no reversal is found"
    )
    drawn = f", drawn: {', '.join(case.drawn)}" if case.drawn else ""
    return f"“{case.token.text.strip()}” in “{case.analysis.answer}”{drawn}: {led}."
