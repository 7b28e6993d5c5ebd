"""One analysis without a server, into a folder; and the analyses shipped as examples."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from fretboard.api.submission import Asked, prepare
from fretboard.catalogue import Derived
from fretboard.document import Analysis
from fretboard.gallery import gallery_entries, gallery_image
from fretboard.images import Picture, to_png
from fretboard.lens.map_settings import MapSettings
from fretboard.local import Asking, LocalSource, settle, write_reading
from fretboard.pipeline import Pipeline
from fretboard.settings import Settings
from fretboard.store.durable import AnalysisStore, open_store
from fretboard.worker import load_pipeline

SHIPPED_MAPS = (MapSettings(), MapSettings(method="pca"))


def analyze_to_folder(
    settings: Settings, asked: Asked, folder: Path, reading: Asking | None = None
) -> Analysis:
    """Write analysis.json, arrays, hidden states and the image into `folder`.

    reading: further arrays and the stages to find; the default is what the server would store.
    """
    prepare(settings, asked)  # bad input is told before the model is loaded
    store = open_store(str(folder), layout="")
    pipeline = load_pipeline(settings, store)
    shutil.rmtree(folder / "derived", ignore_errors=True)  # of an earlier analysis in this folder
    analysis = _run(settings, pipeline, asked, store)
    if reading is None:
        return analysis
    write_reading(folder, reading.reading)
    return settle(LocalSource(store, lambda: pipeline), store, analysis, reading)


def build_examples(settings: Settings, folder: Path, count: int) -> Iterator[str]:
    """Analyse the first `count` gallery scenes, with all that the page asks of a ready one."""
    store = open_store(str(folder))
    pipeline = load_pipeline(settings, store)
    for entry in gallery_entries()[:count]:
        asked = Asked(entry["prompt"], gallery_image(entry["file"]).read_bytes())
        analysis = _run(settings, pipeline, asked, store)
        wanted = [Derived("trajectory", settings=settings.text) for settings in SHIPPED_MAPS]
        lens = analysis.request.lens
        wanted += [Derived("distribution", lens, token=token.index) for token in analysis.tokens]
        for derived in wanted:
            arrays, note = pipeline.derive(analysis, derived)
            store.write_arrays(analysis.id, derived.file, arrays, note)
        yield f"{analysis.id}  {entry['title']}: {analysis.answer}"


def _run(settings: Settings, pipeline: Pipeline, asked: Asked, store: AnalysisStore) -> Analysis:
    return run_prepared(pipeline, store, *prepare(settings, asked))


def run_prepared(
    pipeline: Pipeline, store: AnalysisStore, analysis: Analysis, picture: Picture | None
) -> Analysis:
    """Analyse what `prepare` gave, into the store; the document is written last."""
    if picture is not None:
        store.write_image(analysis.id, to_png(picture.image))
    image = picture.image if picture is not None else None
    return pipeline.analyse(analysis, image, lambda _event: None, lambda: False)
