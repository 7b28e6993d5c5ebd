"""`fretboard trajectory`: one token position over many images, into a folder."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fretboard.analysis.image_sets import aligned_members, states_at, view
from fretboard.analysis.set_figures import SetDrawing, WantedOfSet
from fretboard.core.alignment import parse_role
from fretboard.core.analysis import Problem
from fretboard.core.arrays import MapKind
from fretboard.core.errors import InputError
from fretboard.core.image_set import ImageSet, Member, SetRequest, SetView, set_id
from fretboard.core.question import DEFAULT_NEW_TOKENS, Lens
from fretboard.core.settings import Settings
from fretboard.engine.local_sets import LocalSetMaps
from fretboard.engine.session import parse_map
from fretboard.figures.export import write_figure
from fretboard.lens.maps.settings import MapSettings, paper_settings
from fretboard.store.analyses import AnalysisStore, open_sets, open_store
from fretboard.studies.batch import Outcome, SurveyRequest, SurveyRun
from fretboard.studies.items import Item
from fretboard.studies.sources import find_items

FIGURES = ("trajectory", "dispersion")
SUMMARY, STATES = "trajectory.json", "hidden_states.npy"


@dataclass(frozen=True)
class SetQuestion:
    """What is asked of each image, which token is followed, and how the map is made."""

    images: tuple[str, ...]
    prompt: str
    token: str
    max_new_tokens: int | None
    paper: bool
    map_settings: tuple[str, ...]

    def map(self) -> MapSettings:
        """Raises InputError for a setting that is not there or out of range."""
        if not self.paper:
            return parse_map(self.map_settings)
        if self.map_settings:
            raise InputError("--paper and --map exclude each other; leave one out.")
        return paper_settings("images")


def make_trajectory(settings: Settings, asked: SetQuestion, output: Path) -> Iterator[str]:
    """Analyse the images that are not done yet, then write map, dispersion and what they say.

    Images that fail are named and skipped. Raises InputError, or when fewer than two align.
    """
    parse_role(asked.token)
    wanted_map = asked.map()
    items = find_items(asked.images, asked.prompt)
    tokens = DEFAULT_NEW_TOKENS if asked.max_new_tokens is None else asked.max_new_tokens
    request = SurveyRequest(tokens, Lens.NORMED.value, "")
    outcome = SurveyRun(settings, request, items, output).run()
    if outcome.interrupted:
        yield "Interrupted. Run the same command to go on."
        return
    store, sets = open_store(str(output)), open_sets(str(output))
    image_set = _record(settings, asked, items, outcome)
    sets.write(image_set)
    told = view(store, image_set)
    yield from _say(told)
    maps = LocalSetMaps(store, sets)
    drawing = SetDrawing(maps, store)
    wanted = WantedOfSet(image_set, asked.token, wanted_map)
    for name in FIGURES:
        title = f"{name}: {len(items)} images, “{image_set.request.prompt}”"
        path = output / f"{name}.html"
        write_figure(drawing.figure(name, wanted), path, title=title)
        yield str(path)
    yield from _numbers(maps, store, wanted, told, output)


def _record(
    settings: Settings, asked: SetQuestion, items: list[Item], outcome: Outcome
) -> ImageSet:
    reasons = {failed["record"]: failed for failed in outcome.failures}
    members = []
    for number, item in enumerate(items):
        error = None
        if number in reasons:
            failed = reasons[number]
            error = Problem(title=failed["title"], detail=failed["reason"])
        members.append(
            Member(name=item.image.name, analysis_id=outcome.done.get(number), error=error)
        )
    prompt = asked.prompt or str(items[0].prompt)
    request = SetRequest(prompt=prompt, model=settings.model, token=asked.token)
    return ImageSet(id=set_id(request, members), request=request, members=members)


def _say(told: SetView) -> Iterator[str]:
    for member in told.members:
        if member.error:
            yield f"{member.name}: {member.error.detail}"
        elif member.token is None:
            yield f"{member.name}: {member.answer}  (left out: {member.note})"
        else:
            yield f"{member.name}: {member.answer}  (token {member.token}, “{member.word}”)"
    if told.warning:
        yield told.warning


def _numbers(
    maps: LocalSetMaps, store: AnalysisStore, wanted: WantedOfSet, told: SetView, output: Path
) -> Iterator[str]:
    """The states, the map's points and every statistic, beside the figures."""

    def of(kind: MapKind, name: str) -> tuple[np.ndarray, Any]:
        return maps.map(wanted.image_set, wanted.role, kind, wanted.map, name)

    points, made = of("trajectory", "points")
    profile, dispersion = of("dispersion", "profile")
    _, stability = of("stability", "disparities")
    np.save(output / "points.npy", points)
    np.save(output / "dispersion.npy", profile)
    members = aligned_members(store, wanted.image_set, wanted.role)
    np.save(output / STATES, states_at(store, members))
    summary = {
        "set": told.model_dump(mode="json"),
        "map": made,
        "stability": stability,
        "dispersion": dispersion,
    }
    (output / SUMMARY).write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n")
    yield made["description"]
    yield f"stability over {stability['seeds']} seeds: mean disparity {stability['mean']:.3f}"
    neck = dispersion["neck_end"]
    if neck["depth"] is None:
        yield "The images do not part: no depth at which the dispersion rises."
        return
    low, high = neck["interval"] or (neck["depth"], neck["depth"])
    yield (
        f"The body begins at depth {neck['depth']} ({low}–{high}); dispersion "
        f"{neck['neck']:.3f} before, {neck['body']:.3f} from there on."
    )
