"""All reference curves for the served model, into a folder with an index page."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape

from fretboard import __version__
from fretboard.document import Analysis
from fretboard.errors import InputError
from fretboard.export import browser
from fretboard.reproduce import levels, measures
from fretboard.reproduce.changes import hallucinated, skips
from fretboard.reproduce.exhibit import Exhibit
from fretboard.reproduce.guitar import guitar
from fretboard.reproduce.pictures import Shown, captioned, picture_sets
from fretboard.reproduce.studio import NEW_TOKENS, Studio
from fretboard.served import served_model
from fretboard.settings import Settings
from fretboard.store.durable import open_sets, open_store

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
    records = str(output / STORE)
    studio = Studio(settings, open_store(records), open_sets(records), output)
    captions: list[tuple[Shown, Analysis]] = []
    for place, one in enumerate(shown, 1):
        analysis = studio.ask(one.data)
        captions.append((one, analysis))
        yield f"caption {place} of {len(shown)}: {analysis.answer}"
    sections = []
    with browser():
        for place, make in enumerate(made := _exhibits(studio, captions, sets), 1):
            exhibit = make()
            sections.append(exhibit.write(output))
            yield f"curve {place} of {len(made)}: {exhibit.title}"
    (output / PAGE).write_text(_page(settings, captions, sections))
    yield f"{output / PAGE}"


def _exhibits(
    studio: Studio, captions: list[tuple[Shown, Analysis]], sets: list[Any]
) -> list[Make]:
    """In the order of METHOD's list."""
    analyses = [analysis for _, analysis in captions]
    main = _main(analyses)
    made: list[Make] = [
        lambda: levels.analysis_path(studio, main),
        lambda: levels.competition(studio, analyses),
        lambda: levels.heatmap(studio, main),
        lambda: levels.feature_map(studio, main),
        lambda: hallucinated(studio, captions),
        lambda: levels.against_text(studio, main),
        lambda: skips(studio, captions),
    ]
    return made + [lambda chosen=chosen: guitar(studio, chosen) for chosen in sets]


def _main(analyses: list[Analysis]) -> Analysis:
    """The caption that the single pictures show: the first that has a mutation."""
    if not analyses:
        raise InputError("Ask for at least one caption.")
    example = measures.example_of(analyses, "mutation")
    return example[0] if example else analyses[0]


def _page(settings: Settings, captions: list, sections: list[dict[str, Any]]) -> str:
    served = served_model(settings.model)
    environment = Environment(
        loader=PackageLoader("fretboard.reproduce"), autoescape=select_autoescape()
    )
    return environment.get_template("index.html.j2").render(
        model=served,
        layers=captions[0][1].model.layers,
        prompt=captions[0][1].request.prompt,
        captions=len(captions),
        tokens=NEW_TOKENS,
        version=__version__,
        sections=sections,
    )
