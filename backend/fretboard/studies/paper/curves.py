"""Levels 1 to 3 on captions: analysis path, competition, heatmap, map, image against none."""

from collections.abc import Sequence

import numpy as np

from fretboard.analysis.figure_options import FigureOptions
from fretboard.analysis.figures import Subject
from fretboard.core.analysis import Analysis, Token
from fretboard.core.map_settings import MapSettings, paper_settings
from fretboard.core.reading import Divergence, Lens, Reading, Scaling
from fretboard.figures import (
    competition_figure,
    fretboard_figure,
    profile_figure,
    trajectory_figure,
)
from fretboard.figures.quantities import ARRAYS_NEEDED
from fretboard.figures.trajectory import strings_of
from fretboard.lens.stages import PAPER_LAYERS
from fretboard.studies.paper import numbers as measures
from fretboard.studies.paper import section
from fretboard.studies.paper.section import Exhibit, SectionFigure, by_depth
from fretboard.studies.paper.studio import Studio

PAPER_FIRST_DEPTH = 20  # of 32: leaders from here on compete in the paper's figures
PAPER_TOKENS = 40  # of its heatmap
LENSES = (Lens.RAW, Lens.NORMED)  # the paper's own first


def analysis_path(studio: Studio, caption: Analysis) -> Exhibit:
    """Its figure 1: from single tokens over distributions to features."""
    subject, options = Subject(caption, Reading()), FigureOptions(quantity="leader")
    drawn = studio.session.figures.draw("fretboard", subject, options)
    picture = studio.headed("path-fretboard", "fretboard", drawn, subject, options)
    sentences = [f"The answer: “{caption.answer}”", measures.stages_sentence(caption)]
    return Exhibit("path", "The analysis path", section.PATH, sentences, [picture])


def competition(studio: Studio, captions: Sequence[Analysis]) -> Exhibit:
    """Candidates of a stable and of a mutation token; means over all captions beside them."""
    pictures = []
    for kind in ("stable", "mutation"):
        chosen = measures.example_of(captions, kind)
        if chosen is not None:
            pictures += [compete(studio, *chosen, lens, f"competition-{kind}") for lens in LENSES]
    tables, sentences = {}, []
    for lens in LENSES:
        read = [studio.read_as(each, lens) for each in captions]
        curves = measures.mean_curves(
            read, [studio.array(each, "probability", lens) for each in read]
        )
        tables[f"competition-means-{lens}"] = by_depth(**curves)
        sentences += [f"{lens} lens: {text}" for text in measures.jump_sentences(curves, read)]
    title = "Competition of candidate words"
    return Exhibit("competition", title, section.COMPETITION, sentences, pictures, tables)


def compete(
    studio: Studio, analysis: Analysis, token: Token, lens: Lens, name: str, *words: str
) -> SectionFigure:
    """The leaders of the paper's depths, each with its whole curve."""
    vocabulary = studio.session.arrays.vocabulary(analysis)
    first = round(PAPER_FIRST_DEPTH / PAPER_LAYERS * analysis.model.layers)
    leaders = studio.session.arrays.named(analysis, "top_ids", lens)[first:, token.index, 0]
    table = studio.session.arrays.distribution(analysis, token.index, lens)
    read = studio.read_as(analysis, lens)
    known = [vocabulary.word(word) for word in words]
    figure = competition_figure(read, table, leaders, token.index, known, vocabulary, lens)
    subject, options = Subject(read, Reading(lens=lens)), FigureOptions(token=token.index)
    note = f"leaders of depths {first} to {analysis.model.layers}"
    return studio.headed(f"{name}-{lens}", "competition", figure, subject, options, note)


def heatmap(studio: Studio, caption: Analysis) -> Exhibit:
    """The paper's way (raw, its code's formula, scaled per depth) and plain JSD."""
    cut = caption.model_copy(update={"tokens": caption.tokens[:PAPER_TOKENS]})
    pictures, tables = [], {}
    readings = {
        "paper": Reading(lens=Lens.RAW, divergence=Divergence.PAPER_CODE, scale=Scaling.DEPTH),
        "jsd": Reading(lens=Lens.NORMED),
    }
    for name, reading in readings.items():
        arrays = {
            key: studio.session.arrays.named(caption, key, reading.lens, reading.divergence)[
                :, :PAPER_TOKENS
            ]
            for key in ARRAYS_NEEDED
        }
        read = studio.read_as(cut.model_copy(update={"tokens": caption.tokens}), reading.lens)
        shown = read.model_copy(update={"tokens": read.tokens[:PAPER_TOKENS]})
        figure = fretboard_figure(
            shown, arrays, studio.session.arrays.vocabulary(caption), "jsd", reading
        )
        subject, options = Subject(shown, reading), FigureOptions(quantity="jsd")
        pictures.append(studio.headed(f"heatmap-{name}", "fretboard", figure, subject, options))
        tables[f"heatmap-{name}"] = {
            "pair": list(range(len(arrays["jsd"]))),
            **{f"{t.index} {t.text}": arrays["jsd"][:, t.index].tolist() for t in cut.tokens},
        }
    sentences = measures.bands_sentences(studio.array(caption, "jsd"), caption)
    title = "Divergence of adjacent depths"
    return Exhibit("heatmap", title, section.HEATMAP, sentences, pictures, tables)


def feature_map(studio: Studio, caption: Analysis) -> Exhibit:
    """One image's tokens: the paper's t-SNE, a PCA beside it, and the original space."""
    pictures, sentences = [], []
    for name, settings in (("tsne", paper_settings("tokens")), ("pca", MapSettings(method="pca"))):
        points, note = studio.session.arrays.map(caption, "trajectory", settings, "points")
        figure = trajectory_figure(
            strings_of(caption), points, note["first_depth"], note["description"], color_by="stage"
        )
        subject = Subject(caption, Reading())
        pictures.append(studio.headed(f"map-{name}", "trajectory", figure, subject))
        sentences.append(f"{name}: {measures.growth_sentence(points)}")
    hidden = studio.array(caption, "hidden_states")[1:]
    sentences.append(
        f"original space, columns scaled: {measures.growth_sentence(measures.scaled(hidden))}"
    )
    return Exhibit("map", "Hidden states on a map", section.MAP, sentences, pictures)


def against_text(studio: Studio, caption: Analysis) -> Exhibit:
    """With the image, without it, and without it along the same words."""
    prompt = caption.request.prompt
    runs = {
        "no image": studio.ask(None, prompt),
        "no image, same words": studio.ask(None, prompt, continuation=caption.answer),
    }
    pictures, sentences, tables = [], [f"with image: {measures.stages_sentence(caption)}"], {}
    for place, (name, other) in enumerate(runs.items()):
        sentences.append(f"{name}: “{other.answer}” {measures.stages_sentence(other)}")
        for lens, quantity in ((Lens.NORMED, "jsd"), (Lens.RAW, "probability")):
            sides = [_side(studio, each, lens) for each in (caption, other)]
            figure = profile_figure(sides[0], sides[1], quantity, names=("with image", name))
            subject = Subject(sides[0][0], Reading(lens=lens))
            options = FigureOptions(quantity=quantity)
            file = f"text-{place}-{lens}-{quantity}"
            pictures.append(studio.headed(file, "profile", figure, subject, options, name))
            curves = [side[1][quantity].mean(axis=1) for side in sides]
            tables[file] = by_depth(with_image=curves[0], without=curves[1])
    title = "With an image and without"
    return Exhibit("text", title, section.TEXT, sentences, pictures, tables)


def _side(
    studio: Studio, analysis: Analysis, lens: Lens
) -> tuple[Analysis, dict[str, np.ndarray], Reading]:
    arrays = {name: studio.session.arrays.named(analysis, name, lens) for name in ARRAYS_NEEDED}
    return studio.read_as(analysis, lens), arrays, Reading(lens=lens)
