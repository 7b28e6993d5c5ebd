"""The guitar: many images, one token position, one joint map and the dispersion per depth."""

import json

import numpy as np

from fretboard.alignment import align, parse_role
from fretboard.catalogue import Derived
from fretboard.document import Analysis
from fretboard.figures import dispersion_figure, trajectory_figure
from fretboard.figures.trajectory import string_of
from fretboard.lens.embedding import Watch
from fretboard.lens.map_settings import paper_settings
from fretboard.reproduce import reports
from fretboard.reproduce.exhibit import Exhibit, Picture
from fretboard.reproduce.pictures import PictureSet
from fretboard.reproduce.studio import Studio


def guitar(studio: Studio, chosen: PictureSet) -> Exhibit:
    """One set: every image asked the same, its states stacked at the token of one role."""
    from fretboard.pipeline.maps import make_map  # imports what maps need: not before

    answers = [studio.ask(image.data, chosen.prompt) for image in chosen.images]
    members, warning = _aligned(answers, chosen.role)
    hidden = np.stack(
        [studio.array(one, "hidden_states")[:, token] for one, token in members], axis=1
    )
    settings = paper_settings("images").text
    mapped, told = make_map(hidden, Derived("trajectory", settings=settings), Watch())
    spread, spread_told = make_map(hidden, Derived("dispersion", settings=settings), Watch())
    note, neck = json.loads(told), json.loads(spread_told)
    strings = [string_of(one, token, f"image {i}") for i, (one, token) in enumerate(members)]
    heading = f"{chosen.name}: “{chosen.prompt}”, {len(members)} images"
    critical = [one.stages.critical_depth for one, _ in members if one.stages]
    depths = [depth for depth in critical if depth is not None]
    body = neck["neck_end"]["depth"]
    layers = members[0][0].model.layers
    pictures = [
        Picture(
            f"guitar-{chosen.name}-map",
            trajectory_figure(
                strings, mapped["points"], note["first_depth"], note["description"], neck_end=body
            ),
            heading,
        ),
        Picture(
            f"guitar-{chosen.name}-dispersion",
            dispersion_figure(spread["profile"], neck, depths, layers),
            f"{heading}: dispersion",
            "original space, columns scaled by their largest absolute value",
        ),
    ]
    found = [_told(members, neck, depths), *([warning] if warning else [])]
    first = neck["first_depth"]
    table = {
        "depth": list(range(first, first + len(spread["profile"]))),
        "dispersion": spread["profile"].tolist(),
    }
    title = f"The guitar: {chosen.name}"
    tables = {f"guitar-{chosen.name}": table}
    return Exhibit(f"guitar-{chosen.name}", title, reports.GUITAR, found, pictures, tables)


def _aligned(answers: list[Analysis], role: str) -> tuple[list[tuple[Analysis, int]], str | None]:
    """The role's token of each answer; the first token of all where fewer than two have it."""
    found = align([[token.text for token in one.tokens] for one in answers], parse_role(role))
    chosen = [
        (one, position.token)
        for one, position in zip(answers, found.positions, strict=True)
        if position.token is not None
    ]
    if len(chosen) > 1:
        return chosen, found.warning
    return [(one, 0) for one in answers], f"{found.warning} The first token is compared instead."


def _told(members: list[tuple[Analysis, int]], neck: dict, critical: list[int]) -> str:
    words = ", ".join(one.tokens[token].text.strip() for one, token in members)
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
