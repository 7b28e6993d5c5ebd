"""A model at hand: ask it, test what causes its answers, ask it of many images."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import numpy as np

from fretboard.analysis.source import StoredSource
from fretboard.core.analysis import Analysis, problem_of
from fretboard.core.causal_test import Kind
from fretboard.core.errors import BadImage, FretboardError, InputError
from fretboard.core.image_set import Member
from fretboard.core.images import Picture, read_picture
from fretboard.core.progress import bar
from fretboard.core.question import Question
from fretboard.core.reading import Reading
from fretboard.core.validation import from_names
from fretboard.engine.session import Session
from fretboard.face.analysis_view import AnalysisView
from fretboard.face.picture import image_bytes, name_of
from fretboard.face.set_view import ImageSetView
from fretboard.face.test_view import CausalTestView

if TYPE_CHECKING:
    from fretboard.studies.survey.run import Survey

FIRST_DIFFERENCE = "first-difference"


class Model:
    """A loaded model with its store, as `fb.load` and `fb.wrap` give it.

    >>> m
    <model tiny-llava: ... layers, width ..., vocabulary ..., float32>
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._source = StoredSource(session.arrays)

    def __repr__(self) -> str:
        facts = self.session.pipeline.facts()
        return (
            f"<model {self.name}: {facts['layers']} layers, width {facts['width']}, "
            f"vocabulary {facts['vocabulary']}, {facts['dtype']}>"
        )

    @property
    def name(self) -> str:
        """As it was loaded.

        >>> m.name
        'tiny-llava'
        """
        return self.session.served.name

    def analyze(self, image: Any = None, prompt: str | None = None, **fields: Any) -> AnalysisView:
        """Ask, and read the answer layer by layer; what is in the store is not run again.

        image: a path, bytes, a PIL image, a numpy array, None for text only; or a `Question`, such
        as `a.question.skip("skip.2")`. fields: those of `fb.Question`: `max_new_tokens`, `lens`,
        `skip_layers` (`"6-9,12"` or numbers), `skip_when`, `continuation`, `repair`, `steering`.
        Raises InputError (BadImage, TooLarge), OutOfMemory.

        >>> a = m.analyze("photo.png", "What is the color of the dog?", max_new_tokens=8)
        >>> a.answer
        'The dog is ...'
        """
        question = _question(image, prompt, fields)
        with bar(total=question.max_new_tokens, unit="token", desc="answer") as shown:
            document = self.session.analyze(question, lambda _event: shown.update())
        return self._view(document, question)

    def open(self, analysis_id: str) -> AnalysisView:
        """An earlier analysis of this model's store. Raises NotFound.

        >>> m.open(a.id).answer == a.answer
        True
        """
        return self._view(self.session.store.read(analysis_id))

    def import_states(
        self, path: str | Path, answer_from: int, token_ids: Sequence[int] | None = None
    ) -> AnalysisView:
        """Hidden states that another tool saved, read through this model's own lens.

        path: of TransformerLens, nnsight or nnterp, vLLM (docs/notebook.md). answer_from: position
        of the answer's first token. token_ids: of all positions, where the file has none. Nothing
        is generated. Raises InputError where file, tokens and model do not go together.

        >>> m.import_states("nowhere.npz", answer_from=3)
        Traceback (most recent call last):
        fretboard.core.errors.InputError: ...
        """
        from fretboard.engine.imported import import_states

        place = Path(path).expanduser()
        return self._view(import_states(self.session, place, answer_from, token_ids))

    def log_probabilities(self, states: np.ndarray) -> np.ndarray:
        """The model's own final norm and head on any hidden states: the normed lens, for your own.

        states: (…, width), before the final norm. Gives (…, vocabulary) float32, nats, all at once.
        Raises InputError for another width.

        >>> leaders = m.log_probabilities(a.hidden_states[:, 3]).argmax(-1)
        >>> leaders.tolist() == a.top_ids[:, 3, 0].tolist()
        True
        """
        from fretboard.engine.derive import log_probabilities

        width = self.session.pipeline.facts()["width"]
        if states.ndim == 0 or states.shape[-1] != width:
            raise InputError(
                f"These states have the shape {states.shape}; their last axis is to be the model's "
                f"width, {width}."
            )
        return log_probabilities(self.session.pipeline.checkpoint.anatomy, states)

    def test(
        self,
        analysis: AnalysisView,
        kind: str,
        other: Any = None,
        into_image: bool = False,
        rival: str = "",
    ) -> CausalTestView:
        """A causal test of an answer of this model (docs/experiments.md).

        kind: knockout, patching, attribution, cut or saliency. other: the image to patch against,
        None is a grey one; into_image: patch the other run's states into the image's run; rival:
        the word to attribute against. Raises InputError, also where the answer is another model's.

        >>> t = m.test(a, "patching")
        >>> t.figure(token=3).layout.meta["unit"]
        'share'
        """
        document = analysis.document
        if document.model.revision != self.session.served.revision:
            raise InputError(
                f"This is an answer of {document.model.name}, not of {self.name}: test it there."
            )
        if kind not in list(Kind):
            raise InputError(f"There is no causal test {kind!r}; there are {', '.join(Kind)}.")
        known = self.session.store.exists(document.id)
        picture = None if known else self._picture(analysis)
        against = self._decoded(image_bytes(other)) if other is not None else None
        with bar(total=100, unit="%", desc=str(kind)) as shown:

            def report(share: float, _message: str) -> None:
                shown.update(round(100 * share) - shown.n)

            done = self.session.test(
                document, Kind(kind), picture, against, into_image, rival, report
            )
        return CausalTestView(self.session, done)

    def image_set(
        self,
        images: Iterable[Any],
        prompt: str,
        token: str = FIRST_DIFFERENCE,
        **fields: Any,
    ) -> ImageSetView:
        """One question of several images, one token position aligned over the answers.

        images: as of `analyze`. token: `first-difference`, `after:is`, `class:colour`,
        `words:red,blue` or an index. An image that fails is a member with its reason. Raises
        InputError where all fail.

        >>> s = m.image_set(["1.png", "2.png", "3.png"], "What is the color of the dog?",
        ...                 token="class:colour")
        >>> len(s.members)
        3
        """
        pictures = list(images)
        question = _question(None, prompt, fields)
        members = [
            self._member(question, picture, name_of(picture, place))
            for place, picture in enumerate(bar(pictures, unit="image", desc="image set"))
        ]
        errors = [member.error for member in members if member.error]
        if len(errors) == len(members):
            raise InputError(errors[0].detail if errors else "There are no images to ask about.")
        return ImageSetView(self.session, self.session.image_set(prompt, members, token))

    def survey(
        self,
        images: str | Path | Sequence[str | Path],
        prompt: str = "",
        output: str | Path | None = None,
        limit: int | None = None,
        **fields: Any,
    ) -> "Survey":
        """Ask about many pictures, into one table (docs/surveys.md); the same again continues.

        images: folders, patterns, pictures or annotation files. output: a folder for table,
        summary and report; None: a temporary one. Raises InputError where none can be analysed.

        >>> v = m.survey("photos/", prompt="What is the color of the dog?")
        >>> sorted(v.to_pandas()["item"].unique())
        ['1', '2', '3']
        """
        from fretboard.studies.survey.run import Sources, run_survey

        places = [images] if isinstance(images, str | Path) else images
        sources = Sources(tuple(str(place) for place in places), limit=limit)
        folder = Path(output).expanduser() if output else Path(mkdtemp(prefix="fretboard-survey-"))
        return run_survey(self.session, sources, _question(None, prompt, fields), folder)

    def _member(self, question: Question, image: Any, name: str) -> Member:
        try:
            document = self.session.analyze(question.but(image=image_bytes(image)))
        except FretboardError as error:
            return Member(name=name, error=problem_of(error))
        return Member(name=name, analysis_id=document.id)

    def _view(self, document: Analysis, question: Question | None = None) -> AnalysisView:
        reading = Reading().under(document.request.lens)
        return AnalysisView(self._source, document, reading, question)

    def _picture(self, analysis: AnalysisView) -> Picture | None:
        if analysis.document.request.image is None:
            return None
        return self._decoded(analysis.source.image(analysis.document))

    def _decoded(self, data: bytes | None) -> Picture:
        if data is None:
            raise BadImage("There is no picture.")
        return read_picture(data, self.session.settings.max_image_pixels)


def _question(image: Any, prompt: str | None, fields: dict[str, Any]) -> Question:
    """From keyword arguments, checked by their names."""
    layers = fields.get("skip_layers")
    if layers is not None and not isinstance(layers, str):
        fields = fields | {"skip_layers": ",".join(map(str, layers))}
    if isinstance(image, Question):
        own = {"prompt": prompt} if prompt is not None else {}
        from_names(Question, "field of a question", fields)
        return image.but(**fields, **own)
    fixed = {"prompt": prompt or "", "image": image_bytes(image)}
    return from_names(Question, "field of a question", fixed | fields)
