"""The question that an analysis answers, to be asked again in another way."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, ClassVar, get_args

from pydantic import Field

from fretboard.analysis.skip_presets import Preset, preset_layers
from fretboard.core.analysis import Analysis
from fretboard.core.question import Question, parse_layers
from fretboard.core.repair import spans


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
    }
    return FollowUp(**fields, image=image, document=document)
