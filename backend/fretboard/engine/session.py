"""A model and a store in one process: ask, read, draw, test. torch comes with the model alone."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fretboard.analysis.arrays import Arrays
from fretboard.analysis.figures import Figures
from fretboard.analysis.questions import prepare, without_preset
from fretboard.analysis.stages import as_read
from fretboard.core.analysis import Analysis, Status
from fretboard.core.causal_test import BLANK, CausalTest, Kind, planned
from fretboard.core.errors import InputError, NotFound
from fretboard.core.image_set import ImageSet, Member, SetRequest, make_set
from fretboard.core.images import Picture, read_picture, to_png
from fretboard.core.model_info import Announced, ServedModel, choose_model, served_model
from fretboard.core.question import Question
from fretboard.core.reading import Reading
from fretboard.core.settings import Settings
from fretboard.core.whole_file import read_file
from fretboard.engine.compute import LocalCompute
from fretboard.engine.load import load_pipeline, pipeline_of
from fretboard.store.analyses import AnalysisStore, open_sets, open_store
from fretboard.store.cache import MemoryCache
from fretboard.store.causal_tests import CausalTestRecords, open_tests
from fretboard.store.records import Records

if TYPE_CHECKING:
    from fretboard.engine.analyze import Pipeline
    from fretboard.model.checkpoint import Checkpoint

IN_MEMORY = "memory://"


@dataclass
class Session:
    """One path for notebook, command line and studies. Records are kept by content id."""

    settings: Settings
    store: AnalysisStore
    sets: Records[ImageSet]
    tests: CausalTestRecords
    cache: MemoryCache | None = None
    """Holds the distributions of records in memory, which are large and soon made again."""
    announced: Announced = field(default_factory=dict)
    """Facts of a model that are not read off its folder each time; see `hold` and `pin`."""

    @classmethod
    def open(cls, settings: Settings, url: str | Path = IN_MEMORY) -> "Session":
        """Over a store: a folder, `memory://`, or an object store."""
        place = str(url)
        session = cls(settings, open_store(place), open_sets(place), open_tests(place))
        if place == IN_MEMORY:
            session.cache = MemoryCache(settings.cache_bytes)
        return session

    @cached_property
    def pipeline(self) -> "Pipeline":
        """The model, loaded when it is first needed."""
        return load_pipeline(self.settings, self.store)

    def hold(self, checkpoint: "Checkpoint", facts: Mapping[str, Any]) -> None:
        """Use a model that is in memory; facts: as `model_info.facts_of` gives them."""
        name = str(facts["name"])
        self.settings = self.settings.model_copy(update={"model": name})
        self.announced = {name: facts}
        self.pipeline = pipeline_of(self.settings, self.served, checkpoint, self.store)
        self.store.write_tokenizer(self.served.revision, checkpoint.tokenizer_json)

    def pin(self) -> None:
        """Load the checkpoint as its folder is now, and keep to that whatever becomes of it.

        Another session of this process may have read the folder before it was changed.
        """
        served_model.cache_clear()
        facts = served_model(self.settings.model).model_dump()
        self.pipeline = load_pipeline(self.settings, self.store)
        self.announced = {self.settings.model: facts}

    @property
    def served(self) -> ServedModel:
        """The session's model, described. Raises UnknownModel."""
        return choose_model(self.settings, None, self.announced)

    def prepare(self, question: Question) -> tuple[Analysis, Picture | None]:
        """The analysis that `question` stands for, not yet run. Raises InputError."""
        return prepare(self.settings, question, self.announced)

    def share_model(self, other: "Session") -> None:
        """Use the model that another session has loaded, or will."""
        self.pipeline = replace(other.pipeline, store=self.store)
        self.announced = other.announced
        self.store.write_tokenizer(self.served.revision, self.pipeline.checkpoint.tokenizer_json)

    @cached_property
    def arrays(self) -> Arrays:
        """All arrays; what a record lacks is derived once and kept in it."""
        compute = LocalCompute(self.store, self.sets, self._pipeline_of, self.cache)
        return Arrays(self.store, self.sets, compute, self.cache, self.settings.lenses)

    @cached_property
    def figures(self) -> Figures:
        """Figures of these arrays."""
        return Figures(self.arrays)

    def analyze(
        self, question: Question, on_event: Callable[[dict[str, Any]], None] | None = None
    ) -> Analysis:
        """The finished analysis; one that is in the store is not run again. Raises InputError.

        on_event: hears of every token.
        """
        return self.run(*self.prepare(self.settled(question)), on_event)

    def settled(self, question: Question) -> Question:
        """With the layers that its preset is of an analysis here. Raises InputError."""
        return without_preset(self.settings, question, self.read_today, self.announced)

    def run(
        self,
        analysis: Analysis,
        picture: Picture | None,
        on_event: Callable[[dict[str, Any]], None] | None = None,
    ) -> Analysis:
        """What `prepare` gave, analysed unless it is done; the document is written last."""
        if (known := self.store.finished(analysis.id)) is not None:
            return known
        from fretboard.engine.run import Job

        pipeline = self.pipeline
        self.store.make_way(analysis.id)
        self.store.drop_derived(analysis.id)  # of an earlier run, or an earlier one in its folder
        if picture is not None:
            self.store.write_image(analysis.id, to_png(picture.image))
        image = picture.image if picture is not None else None
        return pipeline.analyse(Job(analysis, image, on_event or (lambda _event: None)))

    def read_today(self, analysis_id: str) -> Analysis:
        """From the store, its stages as they are found today: the record may be older."""
        return self.read(self.store.read(analysis_id), Reading())

    def read(self, analysis: Analysis, reading: Reading) -> Analysis:
        """Its tokens and stages as read."""
        return as_read(self.arrays, analysis, reading)

    def test(
        self,
        analysis: Analysis,
        kind: Kind,
        picture: Picture | None = None,
        other: Picture | None = None,
        into_image: bool = False,
        rival: str = "",
        report: Callable[[float, str], None] = lambda _share, _message: None,
    ) -> CausalTest:
        """A causal test of an answer; one that is in the store is not run again.

        picture: of the analysis, where it was prepared and not run: its answer is then taught by
        the model itself. other: the picture to patch against; None is a grey one. report: hears of
        the share done, in [0, 1].
        """
        test = planned(analysis, kind, other.sha256 if other else BLANK, into_image, rival)
        with suppress(NotFound):
            known = self.tests.read(test.id)
            if known.status is Status.DONE and not self.tests.lost_parts(known):
                return known
        from fretboard.engine.causal.run import CausalMaterial, measure

        pipeline = self.pipeline
        image = picture.image if picture else self.store.image_of(analysis)
        emitted = tuple(token.id for token in analysis.tokens) or None
        material = CausalMaterial(image, other.image if other else None, emitted)
        exact = test.model.model_copy(update=pipeline.facts())
        finished, arrays = measure(
            pipeline.checkpoint, pipeline.vocabulary, test.model_copy(update={"model": exact}),
            material, report,
        )  # fmt: skip
        self.tests.make_way(finished.id)
        self.tests.write_finished(finished, arrays)
        return finished

    def image_set(self, prompt: str, members: Sequence[Member], token: str) -> ImageSet:
        """The set of analyses that were run here, kept."""
        request = SetRequest(prompt=prompt, model=self.settings.model, token=token)
        image_set = make_set(request, members)
        self.sets.write(image_set)
        return image_set

    def picture(self, path: Path) -> Picture:
        """A picture's file, decoded. Raises InputError."""
        return read_picture(read_file(path), self.settings.max_image_pixels)

    def _pipeline_of(self, analysis: Analysis) -> "Pipeline":
        """The model that made the analysis. Raises InputError when another one is served."""
        served = self.served
        if served.revision != analysis.model.revision:
            raise InputError(
                "This has to be derived with the model of the analysis, "
                f"{analysis.model.name} ({analysis.model.revision[:12]}); FRETBOARD_MODEL is "
                f"{served.name} ({served.revision[:12]}). Set it to the former."
            )
        return self.pipeline
