"""The ready-made analyses that are shipped with the bundled model."""

from collections.abc import Iterator
from pathlib import Path

from fretboard.core.map_settings import MapSettings
from fretboard.core.question import Question
from fretboard.core.settings import Settings
from fretboard.engine.session import Session
from fretboard.store.examples import gallery_entries, gallery_image

SHIPPED_MAPS = (MapSettings(), MapSettings(method="pca"))


def build_examples(settings: Settings, folder: Path, count: int) -> Iterator[str]:
    """Analyse the first `count` gallery scenes, with all that the page asks of a ready one."""
    session = Session.open(settings, folder)
    for entry in gallery_entries()[:count]:
        picture = gallery_image(entry["file"]).read_bytes()
        analysis = session.analyze(Question(prompt=entry["prompt"], image=picture))
        for map_settings in SHIPPED_MAPS:
            session.arrays.map(analysis, "trajectory", map_settings, "points")
        for token in analysis.tokens:
            session.arrays.distribution(analysis, token.index, None)
        yield f"{analysis.id}  {entry['title']}: {analysis.answer}"
