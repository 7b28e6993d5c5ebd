"""One analysis without a server, into a folder; and the analyses shipped as examples."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from fretboard.analysis.questions import Asked, prepare
from fretboard.analysis.skip_presets import Preset, preset_layers
from fretboard.core.analysis import Analysis
from fretboard.core.arrays import Derived
from fretboard.core.images import Picture, to_png
from fretboard.core.settings import Settings
from fretboard.engine import Job, Pipeline
from fretboard.engine.load import load_pipeline
from fretboard.engine.session import Asking, LocalSource, settle, write_reading
from fretboard.lens.maps.settings import MapSettings
from fretboard.store.analyses import ANY_ID, AnalysisStore, open_folder, open_store
from fretboard.store.examples import gallery_entries, gallery_image

PLAIN = "plain"  # the run that a preset was taken from
SHIPPED_MAPS = (MapSettings(), MapSettings(method="pca"))


def analyze_to_folder(
    settings: Settings, asked: Asked, folder: Path, reading: Asking | None = None
) -> Analysis:
    """Write analysis.json, arrays, hidden states and the image into `folder`.

    reading: further arrays and the stages to find; the default is what the server would store.
    """
    prepare(settings, asked)  # bad input is told before the model is loaded
    pipeline = load_pipeline(settings, open_folder(folder, new=True))
    return _to_folder(settings, pipeline, asked, folder, reading)


def analyze_with_preset(
    settings: Settings, asked: Asked, folder: Path, reading: Asking, preset: Preset
) -> tuple[Analysis, Analysis]:
    """(the plain analysis, in `folder/plain`; the one that does without the preset's layers).

    Raises InputError where the plain answer's stages, found as `reading` asks, leave none to skip.
    """
    prepare(settings, asked)
    store = open_folder(folder / PLAIN, new=True)
    pipeline = load_pipeline(settings, store)
    plain = _to_folder(settings, pipeline, replace(asked, skip_layers=""), folder / PLAIN, reading)
    layers = ",".join(map(str, preset_layers(preset, plain)))
    again = replace(pipeline, store=open_folder(folder, new=True))
    again.store.write_tokenizer(plain.model.revision, again.checkpoint.tokenizer_json)
    skipped = _to_folder(settings, again, replace(asked, skip_layers=layers), folder, reading)
    return plain, skipped


def _to_folder(
    settings: Settings, pipeline: Pipeline, asked: Asked, folder: Path, reading: Asking | None
) -> Analysis:
    store = pipeline.store
    store.drop_derived(ANY_ID)  # of an earlier analysis in this folder
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
    store.make_way(analysis.id)
    if picture is not None:
        store.write_image(analysis.id, to_png(picture.image))
    image = picture.image if picture is not None else None
    return pipeline.analyse(Job(analysis, image))
