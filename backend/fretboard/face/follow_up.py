"""The question that an analysis answers, to be asked again in another way."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, ClassVar, get_args

from pydantic import Field

from fretboard.analysis.skip_presets import Preset, preset_layers
from fretboard.core.analysis import Analysis
from fretboard.core.question import Question, parse_layers
from fretboard.core.repair import spans
from fretboard.core.steer import SteerDirection, parse_steering


class FollowUp(Question):
    """A `Question` that knows the analysis it comes from, and so the layers of its presets.

    >>> a.question.prompt
    'What is the color of the dog?'
    >>> b = m.analyze(a.question.but(prompt="Describe this image."))
    """

    document: Annotated[Analysis, Field(exclude=True, repr=False)]

    def skip(self, layers: str | Iterable[int]) -> "FollowUp":
        """The same question without decoder layers 0…L−1.

        layers: a preset (`skip.1`, `skip.2`, `skip.3`: what it is of this answer's stages as they
        are read), numbers such as `"6-9,12"`, or whole numbers; `""` skips none. Raises InputError
        where the stages leave no layer to skip, or the model has no such layer.

        >>> a.read(critical_depth=6).question.skip("skip.3").skip_layers
        '6-9'
        >>> a.question.skip([3, 4]).skip_layers
        '3-4'
        """
        if isinstance(layers, str) and layers in get_args(Preset):
            layers = preset_layers(layers, self.document)  # type: ignore[arg-type]
        text = layers if isinstance(layers, str) else ",".join(map(str, layers))
        chosen = parse_layers(text, self.document.model.layers)
        return self.but(skip_layers=spans(chosen))

    without: ClassVar[Callable[..., "FollowUp"]] = skip

    def steer(
        self,
        towards: Any,
        depth: str | int | Iterable[int] = "",
        strength: float = 1.0,
        away: Any = "",
        **settings: Any,
    ) -> "FollowUp":
        """The same question with a direction added to the states (docs/interventions.md).

        towards: a word, or an analysis: the mean of the states that predict its answer. depth: 0…L,
        one or several (`"4-6"`), `""` the middle one. strength: in lengths of the state. away: what
        to steer from. settings: `direction`, `at`, `tokens`. Raises InputError.

        >>> b = m.analyze(a.question.steer("green", depth=6, away="blue", tokens=3))
        >>> b.document.request.steering.summary
        'steered from blue to green at depth 6, strength 1'
        """
        return self._steered(towards, away=away, depths=depth, strength=strength, **settings)

    def swap(self, first: Any, second: Any, depth: str | int = "", **settings: Any) -> "FollowUp":
        """The same question with two concepts exchanged in the states at one depth; see `steer`.

        >>> m.analyze(a.question.swap("blue", "green", depth=0, at="image")).answer
        'The dog is green.'
        """
        return self._steered(first, swap=second, depths=depth, **settings)

    def _steered(self, towards: Any, **settings: Any) -> "FollowUp":
        concepts = {n: settings[n] for n in ("away", "swap") if n in settings}
        if any(hasattr(concept, "id") for concept in (towards, *concepts.values())):
            settings.setdefault("direction", SteerDirection.MEANS)
        written = [f"{name}={_written(v)}" for name, v in settings.items() if v not in ("", ())]
        text = " ".join([_written(towards), *written])
        parse_steering(text, self.document.model.layers or None)  # refused here, not when it runs
        return self.but(steering=text)


def _written(value: Any) -> str:
    """A setting as a request has it: an analysis by its id, numbers with commas."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return str(getattr(value, "id", value))
    return ",".join(map(str, value))


def follow_up(document: Analysis, image: bytes | None, question: Question | None) -> FollowUp:
    """asked: as it came, where that is known; else the picture is the stored one.

    No model is named: the same may be asked of another.
    """
    if question is not None:
        return FollowUp(**(dict(question) | {"model": None, "document": document}))
    request = document.request
    fields: dict[str, Any] = {
        "prompt": request.prompt,
        "max_new_tokens": request.max_new_tokens,
        "lens": request.lens,
        "skip_layers": spans(request.skip_layers),
        "skip_when": request.skip_when,
        "continuation": request.continuation,
        "repair": str(request.repair),
        "steering": str(request.steering or ""),
    }
    return FollowUp(**fields, image=image, document=document)
