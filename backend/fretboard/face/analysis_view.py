"""An analysis to look at: its document, its arrays as numpy, its figures, under one reading."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from fretboard.analysis.arrays import require_token
from fretboard.analysis.export.analyses import AnalysisExport
from fretboard.analysis.export.archive import PackedAnalysis
from fretboard.analysis.export.write import export
from fretboard.analysis.figure_options import FigureOptions
from fretboard.analysis.figures import Subject
from fretboard.analysis.headings import heading
from fretboard.analysis.source import Source, StoredSource
from fretboard.core.analysis import Analysis, Token
from fretboard.core.errors import InputError
from fretboard.core.map_settings import MapQuery
from fretboard.core.question import Question
from fretboard.core.reading import Reading
from fretboard.core.validation import from_names, validated
from fretboard.engine.folder import save
from fretboard.engine.session import Session
from fretboard.face import cell
from fretboard.face.follow_up import FollowUp, follow_up
from fretboard.face.record import Record
from fretboard.figures.export import dress
from fretboard.figures.theme import ThemeName
from fretboard.figures.trajectory import ColorBy


class AnalysisView(Record):
    """One answer, layer by layer. Depths are 0 (embeddings) to L (last layer), tokens 0 to T−1.

    Nothing is read or computed before it is looked at. In a notebook it shows itself.

    >>> a
    <analysis ... of tiny-llava: 'The dog is ...' · 6 tokens · ... depths>
    """

    def __init__(
        self,
        source: Source,
        document: Analysis,
        reading: Reading,
        question: Question | None = None,
    ) -> None:
        """document: with its stages as `reading` has them. question: as it came, if known."""
        super().__init__(source, document, reading)
        self._question = question

    @classmethod
    def packed(cls, session: Session, packed: PackedAnalysis) -> "AnalysisView":
        """One of a session's store, read as it was packed.

        >>> isinstance(fb.open(a.save("saved")), fb.Analysis)
        True
        """
        document = session.store.read(packed.id)
        return cls(StoredSource(session.arrays), document, packed.reading)

    def __repr__(self) -> str:
        depths = self.document.model.layers + 1
        return (
            f"<analysis {self.id} of {self.document.model.name}: {self.answer!r} · "
            f"{len(self.tokens)} tokens · {depths} depths>"
        )

    def _repr_html_(self) -> str:
        return cell.render(cell.of_analysis(self))

    @property
    def question(self) -> FollowUp:
        """What was asked, to be asked again in another way: `.but(…)`, `.skip("skip.2")`.

        >>> m.analyze(a.question.skip([3])).question.skip_layers
        '3'
        """
        picture = None
        if self._question is None and self.document.request.image is not None:
            picture = self.source.image(self.document)
        return follow_up(self.document, picture, self._question)

    def read(self, **changes: Any) -> "AnalysisView":
        """Another reading of the same record; what is not named stays as it is.

        changes: fields of `fb.Reading`, such as `lens` (raw, tuned, tuned-normed, …),
        `divergence`, `scale`, `stages` (automatic, paper), `sublayers`, and every threshold
        (`mutation_sigmas`, `critical_depth`, …). Raises InputError.

        >>> raw = a.read(lens="raw", divergence="paper-code", stages="paper")
        >>> raw.stages.lens.value
        'raw'
        """
        from_names(Reading, "field of a reading", changes)
        chosen = validated(Reading, self.reading.model_dump(exclude_unset=True) | changes)
        document = self.source.read(self.document, chosen)
        return AnalysisView(self.source, document, chosen, self._question)

    def heatmap(self, quantity: str = "probability", theme: ThemeName = "light") -> go.Figure:
        """The fretboard: depth × token. quantity: probability, rank, entropy, jsd or leader.

        Raises InputError for another quantity.

        >>> a.heatmap("entropy").layout.title.text
        'entropy of the distribution'
        """
        return self._figure("fretboard", FigureOptions(quantity=quantity, theme=theme))

    def competition(
        self, token: int = 0, words: Sequence[str] = (), theme: ThemeName = "light"
    ) -> go.Figure:
        """Every candidate's probability over the depths at one token, with `words` of yours.

        Raises NotFound for a token, UnknownWord for a word that is not there.

        >>> a.competition(3, words=["red"]).layout.meta["token"]
        3
        """
        return self._figure("competition", _options(token=token, word=list(words), theme=theme))

    def divergence(self, token: int = 0, theme: ThemeName = "light") -> go.Figure:
        """The divergence of adjacent depths at one token beside the mean of all. Raises NotFound.

        >>> len(a.divergence(3).data)
        2
        """
        return self._figure("divergence", _options(token=token, theme=theme))

    def profile(self, quantity: str = "jsd", theme: ThemeName = "light") -> go.Figure:
        """A quantity's mean over the tokens at every depth: jsd, probability or entropy.

        >>> a.profile("probability").layout.meta["quantity"]
        'probability'
        """
        return self._figure("profile", FigureOptions(quantity=quantity, theme=theme))

    def map(
        self, color_by: ColorBy = "depth", theme: ThemeName = "light", **settings: Any
    ) -> go.Figure:
        """All hidden states on one map, from one joint fit.

        color_by: depth, stage, token or probability. settings: `method` (tsne, umap, pca),
        `perplexity`, `seed`, …, or `preset="paper"`; see docs/projections.md. Raises InputError.

        >>> a.map(method="pca").layout.meta["axis"]
        'map'
        """
        return self._figure("trajectory", _options(color_by=color_by, theme=theme), settings)

    def perplexities(self, theme: ThemeName = "light", **settings: Any) -> go.Figure:
        """The same states at several perplexities: what stays is in the data.

        >>> a.perplexities(iterations=250).layout.meta["maps"]
        5
        """
        return self._figure("perplexities", _options(theme=theme), settings)

    def patches(
        self, word: str | int | None = None, depth: int | None = None, theme: ThemeName = "light"
    ) -> go.Figure:
        """A word's probability at every image position, over the image; a slider over depth.

        word: any of the vocabulary, or a token's index; None: the answer's flagged or likeliest
        content word. depth: this one alone. Raises InputError without an image, UnknownWord.

        >>> len(a.patches("dog").data) == len(a.probability)
        True
        """
        text = word if isinstance(word, str) else self._shown(word).text
        return self._figure("patches", _options(word=[text], depth=depth, theme=theme))

    def save(self, folder: str | Path) -> Path:
        """Write it as a folder that `fb.open` and `fretboard figure` take; returns the folder.

        It replaces what lies there of an earlier analysis. Raises StoreFull.

        >>> fb.open(a.save("saved")).answer == a.answer
        True
        """
        place, source = Path(folder).expanduser(), self.source
        image = source.image(self.document) if self.document.request.image else None
        read, tokenizer = partial(source.array, self.document), source.tokenizer(self.document)
        save(self.document, self.reading, place, read, tokenizer, image)
        return place

    def to_html(self, path: str | Path, theme: ThemeName = "light") -> Path:
        """One file that opens offline: tokens to click, fretboard, competition and divergence.

        About 5 MB, most of it Plotly. Returns the path. Raises InputError for another suffix.

        >>> a.to_html("a.html").stat().st_size > 1_000_000
        True
        """
        if Path(path).suffix.lower() != ".html":
            raise InputError(f"{Path(path).name}: a page is written as .html; see `export`.")
        return self.export(path, theme)

    def export(self, path: str | Path, theme: ThemeName = "light") -> Path:
        """Write it as one file, by its suffix; returns the path.

        .zip: an archive (numbers as .npz, JSON, image) that `fb.open` takes; .html: a page that
        opens offline; .ipynb: a notebook; .bib: BibTeX. Raises InputError for another suffix.

        >>> fb.open(a.export("a.zip")).answer == a.answer
        True
        """
        return export(self.exported(), path, self.source.server, theme)

    def exported(self, **options: Any) -> AnalysisExport:
        """What `export` writes. options: the `token`, `word` and `quantity` on show.

        >>> a.exported(token=3).link.endswith("token=3")
        True
        """
        return AnalysisExport(self.source, self.document, self.reading, _options(**options))

    def _figure(
        self,
        name: str,
        options: FigureOptions,
        settings: dict[str, Any] | None = None,
        beside: "AnalysisView | None" = None,
    ) -> go.Figure:
        """With its heading. beside: another one, whose axes it shares."""
        query = from_names(MapQuery, "map setting", settings or {})
        if name in ("competition", "divergence"):
            require_token(self.document, options.token)
        other = (beside.document, beside.reading) if beside else None
        subject = Subject(self.document, self.reading, other)
        drawn = self.source.figure(name, subject, options, query, beside.source if beside else None)
        return dress(drawn, options.theme, *heading(name, subject, options))

    def _shown(self, token: int | None) -> Token:
        """The token of an index, or the one that is worth a look: flagged, else a content word."""
        if token is not None:
            require_token(self.document, token)
            return self.tokens[token]
        scored = [(each.flag.score, -each.index) for each in self.tokens if each.flag]
        if not scored:
            raise InputError('No word of this answer stands out; name one: a.patches("dog").')
        return self.tokens[-max(scored)[1]]


def _options(**chosen: Any) -> FigureOptions:
    return validated(FigureOptions, chosen)
