"""Analysis folders: the same figures as the server's, the reading and stages that were asked."""

import base64
import json
import re
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest

from fretboard.analysis.figure_options import FigureOptions
from fretboard.analysis.headings import heading
from fretboard.core.errors import InputError, NotFound, Unavailable
from fretboard.core.map_settings import MapSettings
from fretboard.core.question import Question
from fretboard.core.reading import Divergence, Lens, Reading, Scaling, StageMethod, Thresholds
from fretboard.core.validation import from_pairs, validated
from fretboard.engine.folder import ANY_ID, analyze_to_folder, draw, session_of
from fretboard.figures.export import dress, write_figure
from fretboard.figures.theme import THEMES
from tests.support.api_calls import finished, post
from tests.support.random_data import fresh
from tests.support.settings import make_settings

PROMPT = "what colour is the cat"
ASKED = Reading(
    lens=Lens.DIFFERENCE,
    divergence=Divergence.SYMMETRIC_KL,
    scale=Scaling.TOKEN,
    stages=StageMethod.PAPER,
    mutation_min_jsd=0.001,
)
AS_IT_IS, PLAIN, MAP = Reading(), FigureOptions(), MapSettings()


def ask(prompt, picture, tokens):
    return Question(prompt=prompt, image=picture, max_new_tokens=tokens)


@pytest.fixture(scope="module")
def settings(checkpoint_folder, tmp_path_factory):
    return make_settings(checkpoint_folder, tmp_path_factory.mktemp("unused"))


@pytest.fixture(scope="module")
def picture() -> bytes:
    from PIL import Image

    from tests.support.images import encode

    noise = fresh().integers(0, 255, (30, 40, 3), dtype=np.uint8)
    return encode(Image.fromarray(noise), "PNG")


@pytest.fixture(scope="module")
def folder(settings, picture, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("analysis")
    analyze_to_folder(settings, ask(PROMPT, picture, 6), folder, ASKED)
    return folder


def test_the_folder_holds_what_was_asked(settings, folder):
    session = session_of(settings, folder)
    store = session.store
    analysis = store.read(ANY_ID)
    assert analysis.stages.method == StageMethod.PAPER
    assert analysis.stages.thresholds["mutation_min_jsd"] == 0.001
    for name in ("probability", "entropy", "jsd"):
        stored = store.read_array(ANY_ID, "derived/lens.difference.jsd.0", name)
        raw, normed = (
            session.arrays.named(analysis, name, lens) for lens in (Lens.RAW, Lens.NORMED)
        )
        np.testing.assert_allclose(stored, raw - normed, atol=1e-5)
    assert store.read_array(ANY_ID, "derived/divergence.difference.symmetric-kl.0", "jsd").any()


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("fretboard", {"quantity": "jsd", "lens": "raw", "divergence": "paper-code"}),
        ("fretboard", {"lens": "difference", "scale": "depth"}),
        ("competition", {"token": 1, "word": "red", "lens": "raw", "stages": "paper"}),
        ("divergence", {"token": 2, "lens": "difference", "mutation_min_jsd": 0.002}),
        ("profile", {"quantity": "entropy", "lens": "normed"}),
        ("trajectory", {"method": "pca", "lens": "normed"}),
    ],
)
def test_the_figure_is_the_servers(client, settings, folder, picture, name, query):
    posted = post(client, picture, prompt=PROMPT, max_new_tokens=6)
    served = finished(client, posted)[0]["id"]
    theirs = client.get(f"/api/analyses/{served}/figures/{name}", params=query).json()
    reading, options, settings_of_map = (
        validated(kind, query | {"word": [query["word"]]} if "word" in query else query)
        for kind in (Reading, FigureOptions, MapSettings)
    )
    # The server's default is the plain reading, the folder's its own: say all of it.
    said = Reading(**Reading().model_dump() | reading.model_dump(exclude_unset=True))
    ours, _ = draw(settings, folder, name, said, options, settings_of_map)
    same(json.loads(ours.to_json()), theirs)


def same(ours, theirs):
    """Figures alike but for rounding: one was read from float32 files, one straight."""
    assert ours["layout"].keys() == theirs["layout"].keys()
    assert ours["layout"]["meta"].keys() == theirs["layout"]["meta"].keys()
    assert len(ours["data"]) == len(theirs["data"]) > 0
    for one, two in zip(ours["data"], theirs["data"], strict=True):
        for axis in {"x", "y", "z"} & one.keys():
            np.testing.assert_allclose(numbers(one[axis]), numbers(two[axis]), atol=1e-4)


def numbers(values) -> np.ndarray:
    """A trace's values, sent as a list or as base64 of an array."""
    if not isinstance(values, dict):
        return np.asarray(values, dtype=float)
    raw = np.frombuffer(base64.b64decode(values["bdata"]), dtype=values["dtype"])
    shape = values.get("shape")
    return raw.reshape([int(n) for n in shape.split(",")]) if shape else raw


def test_the_folders_own_reading_is_the_default(settings, folder):
    _, subject = draw(settings, folder, "fretboard", AS_IT_IS, PLAIN, MAP)
    assert subject.reading == ASKED
    assert subject.analysis.stages.method == StageMethod.PAPER
    assert subject.analysis.stages.thresholds["mutation_min_jsd"] == 0.001


def test_another_analysis_in_the_same_folder_keeps_nothing_of_the_first(
    settings, picture, tmp_path
):
    raw = Reading(lens=Lens.RAW)
    analyze_to_folder(settings, ask("the cat", picture, 3), tmp_path, raw)
    analyze_to_folder(settings, ask("a red dog sits", picture, 5), tmp_path, raw)
    figure, _ = draw(settings, tmp_path, "fretboard", AS_IT_IS, PLAIN, MAP)
    assert np.asarray(figure.data[0].z).shape[1] == 5


def test_another_model_cannot_derive(folder, settings, tmp_path):
    bundled = settings.model_copy(update={"model": "tiny-llava"})
    with pytest.raises(InputError, match="FRETBOARD_MODEL"):
        draw(bundled, folder, "competition", Reading(lens=Lens.RAW), FigureOptions(token=3), MAP)
    pca = MapSettings(method="pca", seed=7)  # of the hidden states alone: any model will do
    assert draw(bundled, folder, "trajectory", AS_IT_IS, PLAIN, pca)[0].data


def test_what_is_no_figure_is_refused(settings, folder, tmp_path):
    with pytest.raises(NotFound, match="no figure 'guitar'"):
        draw(settings, folder, "guitar", AS_IT_IS, PLAIN, MAP)
    with pytest.raises(NotFound, match="holds no analysis"):
        draw(settings, tmp_path, "fretboard", AS_IT_IS, PLAIN, MAP)
    with pytest.raises(InputError, match="html"):
        write_figure(go.Figure(), tmp_path / "x.gif")


def test_thresholds_are_read_and_refused_by_name():
    read = from_pairs(Thresholds, "threshold", ["mutation_sigmas=2.5", "critical_depth=7"])
    assert read == Thresholds(mutation_sigmas=2.5, critical_depth=7)
    for wrong, said in (
        ("sigmas=2", "reversal_share"),
        ("mutation_sigmas", "reversal_share"),
        ("interval=2", "interval"),
        ("critical_depth=deep", "critical_depth"),
    ):
        with pytest.raises(InputError, match=said):
            from_pairs(Thresholds, "threshold", [wrong])


@pytest.mark.parametrize("theme", THEMES)
def test_a_still_picture_names_its_reading_on_an_opaque_ground(settings, folder, theme):
    options = FigureOptions(theme=theme)
    figure, subject = draw(settings, folder, "fretboard", AS_IT_IS, options, MAP)
    dressed = dress(figure, theme, *heading("fretboard", subject, options))
    assert dressed.layout.paper_bgcolor == dressed.layout.plot_bgcolor == THEMES[theme].paper
    note = dressed.layout.title.subtitle.text.replace("<br>", " ")
    assert all(word in note for word in ("raw − normed lens", "scaled per token", PROMPT, "paper"))
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"  # the page's own stays as it was


def test_html_and_json(settings, folder, tmp_path):
    options = FigureOptions(quantity="jsd")
    figure, subject = draw(settings, folder, "profile", AS_IT_IS, options, MAP)
    for suffix in (".html", ".json"):
        write_figure(
            figure, tmp_path / f"x{suffix}", "light", *heading("profile", subject, options)
        )
    assert "<script" in (tmp_path / "x.html").read_text()
    assert (tmp_path / "x.json").read_text() == figure.to_json()  # as the server gives it


@pytest.mark.browser
def test_svg_and_png(settings, folder, tmp_path):
    options = FigureOptions(token=1)
    figure, subject = draw(settings, folder, "competition", AS_IT_IS, options, MAP)
    for suffix in (".svg", ".png"):
        write_figure(
            figure, tmp_path / f"x{suffix}", "light", *heading("competition", subject, options)
        )
    svg = (tmp_path / "x.svg").read_text()
    assert "competition at token 1" in svg
    assert re.search(r"raw − normed lens", svg)
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_a_missing_browser_is_one_clear_line(monkeypatch, tmp_path):
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "none"))
    with pytest.raises(Unavailable, match="BROWSER_PATH"):
        write_figure(go.Figure(), tmp_path / "x.svg")
