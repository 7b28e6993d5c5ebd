"""`fretboard trajectory`: one token position over many images, into a folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fretboard.analysis.image_sets import aligned_members, states_at
from fretboard.analysis.image_sets import view as view_of
from fretboard.core.alignment import parse_role
from fretboard.core.analysis import Problem
from fretboard.core.arrays import MapKind
from fretboard.core.image_set import ImageSet, Member, SetView
from fretboard.core.map_settings import MapSettings
from fretboard.core.question import Question
from fretboard.core.whole_file import write_json
from fretboard.engine.session import Session
from fretboard.figures.export import write_figure
from fretboard.studies.batch import BatchAnswers, StudyBatch
from fretboard.studies.items import StudyItem
from fretboard.studies.sources import find_items

FIGURES = ("trajectory", "dispersion")
SUMMARY, STATES = "trajectory.json", "hidden_states.npy"


def make_trajectory(
    session: Session,
    images: tuple[str, ...],
    question: Question,
    token: str,
    settings: MapSettings,
    output: Path,
) -> Iterator[str]:
    """Analyse the images that are not done yet, then write map, dispersion and what they say.

    Images that fail are named and skipped. Raises InputError, or when fewer than two align.
    """
    parse_role(token)
    items = find_items(images, question.prompt)
    answers = StudyBatch(session, question, items, output).run()
    if answers.interrupted:
        yield "Interrupted. Run the same command to go on."
        return
    prompt = question.prompt or str(items[0].prompt)
    image_set = session.image_set(prompt, _members(items, answers), token)
    view = view_of(session.store, image_set)
    yield from _say(view)
    for name in FIGURES:
        title = f"{name}: {len(items)} images, “{image_set.request.prompt}”"
        path = output / f"{name}.html"
        figure = session.figures.draw_set(name, image_set, token, settings=settings)
        write_figure(figure, path, title=title)
        yield str(path)
    yield from _numbers(session, image_set, settings, view, output)


def _members(items: list[StudyItem], answers: BatchAnswers) -> list[Member]:
    errors = {
        failure["record"]: Problem(title=failure["title"], detail=failure["reason"])
        for failure in answers.failures
    }
    return [
        Member(name=item.image.name, analysis_id=answers.done.get(number), error=errors.get(number))
        for number, item in enumerate(items)
    ]


def _say(view: SetView) -> Iterator[str]:
    for member in view.members:
        if member.error:
            yield f"{member.name}: {member.error.detail}"
        elif member.token is None:
            yield f"{member.name}: {member.answer}  (left out: {member.note})"
        else:
            yield f"{member.name}: {member.answer}  (token {member.token}, “{member.word}”)"
    if view.warning:
        yield view.warning


def _numbers(
    session: Session, image_set: ImageSet, settings: MapSettings, view: SetView, output: Path
) -> Iterator[str]:
    """The states, the map's points and every statistic, beside the figures."""
    role = image_set.request.token

    def of(kind: MapKind, name: str) -> tuple[np.ndarray, Any]:
        return session.arrays.map_of_set(image_set, role, kind, settings, name)

    points, note = of("trajectory", "points")
    profile, dispersion = of("dispersion", "profile")
    _, stability = of("stability", "disparities")
    np.save(output / "points.npy", points)
    np.save(output / "dispersion.npy", profile)
    members = aligned_members(session.store, image_set, role)
    np.save(output / STATES, states_at(session.store, members))
    summary = {
        "set": view.model_dump(mode="json"),
        "map": note,
        "stability": stability,
        "dispersion": dispersion,
    }
    write_json(output / SUMMARY, summary)
    yield note["description"]
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
