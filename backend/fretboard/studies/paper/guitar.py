"""The guitar: many images, one token position, one joint map and the dispersion per depth."""

import numpy as np
import plotly.graph_objects as go

from fretboard.analysis.image_sets import aligned_members, view
from fretboard.core.analysis import Analysis
from fretboard.core.errors import InputError
from fretboard.core.image_set import ImageSet, Member
from fretboard.core.map_settings import paper_settings
from fretboard.studies.paper import section
from fretboard.studies.paper.pictures import PictureSet
from fretboard.studies.paper.section import Exhibit, SectionFigure
from fretboard.studies.paper.studio import Studio

FIRST_TOKEN = "0"


def guitar(studio: Studio, chosen: PictureSet) -> Exhibit:
    """One set: every image asked the same, compared at the token of one role."""
    image_set, role, warning = _image_set(studio, chosen)
    session, settings = studio.session, paper_settings("images")
    members = aligned_members(session.store, image_set, role)

    def draw(figure: str) -> go.Figure:
        return session.figures.draw_set(figure, image_set, role, settings=settings)

    heading = f"{chosen.name}: “{chosen.prompt}”, {len(members)} images"
    name = f"guitar-{chosen.name}"
    pictures = [
        SectionFigure(f"{name}-map", draw("trajectory"), heading),
        SectionFigure(
            f"{name}-dispersion",
            draw("dispersion"),
            f"{heading}: dispersion",
            "original space, columns scaled at each depth",
        ),
    ]
    profile, neck = session.arrays.map_of_set(image_set, role, "dispersion", settings, "profile")
    critical = [answer.stages.critical_depth for answer, _ in members if answer.stages]
    depths = [depth for depth in critical if depth is not None]
    sentences = [_sentence(members, neck, depths), *([warning] if warning else [])]
    first = neck["first_depth"]
    table = {
        "depth": list(range(first, first + len(profile))),
        "dispersion": profile.tolist(),
    }
    title = f"The guitar: {chosen.name}"
    return Exhibit(name, title, section.GUITAR, sentences, pictures, {name: table})


def _image_set(studio: Studio, chosen: PictureSet) -> tuple[ImageSet, str, str | None]:
    """(the set, the role, a warning); the first token where fewer than two have the role."""
    answers = [studio.ask(image.data, chosen.prompt) for image in chosen.images]
    members = [
        Member(name=image.name, analysis_id=answer.id)
        for image, answer in zip(chosen.images, answers, strict=True)
    ]
    store = studio.session.store
    image_set = studio.session.image_set(chosen.prompt, members, chosen.role)
    warning = view(store, image_set).warning
    try:
        aligned_members(store, image_set, chosen.role)
    except InputError:
        return image_set, FIRST_TOKEN, f"{warning} The first token is compared instead."
    return image_set, chosen.role, warning


def _sentence(members: list[tuple[Analysis, int]], neck: dict, critical: list[int]) -> str:
    words = ", ".join(answer.tokens[token].text.strip() for answer, token in members)
    end = neck["neck_end"]
    if end["depth"] is None:
        return f"Words compared: {words}. The dispersion does not rise: no guitar."
    interval = "–".join(map(str, end["interval"] or ()))
    return (
        f"Words compared: {words}. Dispersion {end['neck']:.2f} in the neck, {end['body']:.2f} "
        f"in the body from depth {end['depth']} (interval {interval}); the rise explains "
        f"{end['explained']:.0%} of its variance, rank against shuffled depths "
        f"{neck['control_rank']:.3f}. Critical depths of the answers: median "
        f"{np.median(critical) if critical else 'none'}."
    )
