"""All reference curves for the served model, into a folder with an index page."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fretboard import __version__
from fretboard.analysis.export.page import templates
from fretboard.core.analysis import Analysis
from fretboard.core.errors import InputError
from fretboard.core.model_info import served_model
from fretboard.core.settings import Settings
from fretboard.engine.session import Session
from fretboard.figures.export import browser
from fretboard.studies.paper import curves as levels
from fretboard.studies.paper import numbers as measures
from fretboard.studies.paper.guitar import guitar
from fretboard.studies.paper.interventions import hallucinated, skips
from fretboard.studies.paper.pictures import PaperPicture, captioned, picture_sets
from fretboard.studies.paper.section import Exhibit
from fretboard.studies.paper.studio import NEW_TOKENS, Studio

PAGE = "index.html"
STORE = "store"  # a folder of ordinary records: FRETBOARD's STORE_URL may point there
Make = Callable[[], Exhibit]


def reproduce(settings: Settings, output: Path, images: Path | None, number: int) -> Iterator[str]:
    """Lines of progress while the curves are drawn; what is in the store is not run again.

    Raises InputError where a model has no pictures to be asked about.
    """
    shown = captioned(settings, images, number)
    sets = list(picture_sets(settings, images))
    output.mkdir(parents=True, exist_ok=True)
    studio = Studio(Session.open(settings, output / STORE))
    captions: list[tuple[PaperPicture, Analysis]] = []
    for place, image in enumerate(shown, 1):
        analysis = studio.ask(image.data)
        captions.append((image, analysis))
        yield f"caption {place} of {len(shown)}: {analysis.answer}"
    sections = []
    with browser():
        for place, make in enumerate(exhibits := _exhibits(studio, captions, sets), 1):
            exhibit = make()
            sections.append(exhibit.write(output))
            yield f"curve {place} of {len(exhibits)}: {exhibit.title}"
    (output / PAGE).write_text(_page(settings, captions, sections))
    yield f"{output / PAGE}"


def _exhibits(
    studio: Studio, captions: list[tuple[PaperPicture, Analysis]], sets: list[Any]
) -> list[Make]:
    """In the order of METHOD's list."""
    analyses = [analysis for _, analysis in captions]
    main = _main(analyses)
    exhibits: list[Make] = [
        lambda: levels.analysis_path(studio, main),
        lambda: levels.competition(studio, analyses),
        lambda: levels.heatmap(studio, main),
        lambda: levels.feature_map(studio, main),
        lambda: hallucinated(studio, captions),
        lambda: levels.against_text(studio, main),
        lambda: skips(studio, captions),
    ]
    return exhibits + [lambda chosen=chosen: guitar(studio, chosen) for chosen in sets]


def _main(analyses: list[Analysis]) -> Analysis:
    """The caption that the single pictures show: the first that has a mutation."""
    if not analyses:
        raise InputError("Ask for at least one caption.")
    example = measures.example_of(analyses, "mutation")
    return example[0] if example else analyses[0]


def _page(settings: Settings, captions: list, sections: list[dict[str, Any]]) -> str:
    served = served_model(settings.model)
    template = templates("fretboard.studies.paper").get_template("index.html.j2")
    return template.render(
        model=served,
        layers=captions[0][1].model.layers,
        prompt=captions[0][1].request.prompt,
        captions=len(captions),
        tokens=NEW_TOKENS,
        version=__version__,
        sections=sections,
    )
