"""A question as it came → a checked request with its content id, and the picture, decoded once."""

import re
from collections.abc import Callable

from fretboard.analysis.arrays import require_done
from fretboard.analysis.skip_presets import PRESETS, preset_layers
from fretboard.core.analysis import Analysis, analysis_id
from fretboard.core.errors import InputError, TooLarge
from fretboard.core.images import Picture, read_picture
from fretboard.core.model_info import NOTHING, Announced, choose_model
from fretboard.core.question import (
    AnalysisRequest,
    ImageInfo,
    Question,
    SkipWhen,
    check_repair,
    parse_layers,
)
from fretboard.core.repair import parse_repair
from fretboard.core.settings import Settings
from fretboard.core.steer import parse_steering

HALF_CHARACTER = re.compile("[\ud800-\udfff]")  # what cut or badly decoded text leaves


def prepare(
    settings: Settings, question: Question, announced: Announced = NOTHING
) -> tuple[Analysis, Picture | None]:
    """The analysis that `question` stands for, not yet stored. Raises InputError."""
    served = choose_model(settings, question.model or None, announced)
    _check(settings, question)
    picture = _picture(settings, question)
    # Where the config leaves the layers out, the worker checks the range.
    skipped = parse_layers(question.skip_layers, served.layers or None)
    request = AnalysisRequest(
        prompt=question.prompt,
        model=served.name,
        max_new_tokens=question.max_new_tokens,
        lens=question.lens,
        skip_layers=skipped,
        # Without a layer to skip both are the same run: one id.
        skip_when=question.skip_when if skipped else SkipWhen.ALWAYS,
        continuation=question.continuation or None,
        repair=parse_repair(question.repair, served.layers or None),
        steering=parse_steering(question.steering, served.layers or None),
        salt=question.salt,
        image=_image_info(picture),
    )
    check_repair(request)
    model = served.info
    return Analysis(id=analysis_id(request, model), request=request, model=model), picture


def without_preset(
    settings: Settings,
    question: Question,
    find: Callable[[str], Analysis],
    announced: Announced = NOTHING,
) -> Question:
    """A preset in `skip_layers` becomes the layers that it is of the analysis `preset_of`.

    find: an id's analysis, its stages as they are to be read. Raises InputError where the two do
    not go together or the set is empty; NotFinished.
    """
    text, other = question.skip_layers, question.preset_of
    preset = next((known for known in PRESETS if known == text.strip()), None)
    if preset is None:
        if other:
            raise InputError(
                f"preset_of is given, but skip_layers is {text!r}: choose {', '.join(PRESETS)}."
            )
        return question
    if not other:
        raise InputError(
            f"skip_layers is {preset}, a preset: give preset_of, the id of the analysis from "
            "whose stages its layers are taken."
        )
    analysis = find(other)
    require_done(analysis)
    model = choose_model(settings, question.model or None, announced).name
    if analysis.model.name != model:
        raise InputError(
            f"The analysis {other} is of {analysis.model.name}; its layers say nothing of {model}."
        )
    layers = ",".join(map(str, preset_layers(preset, analysis)))
    return question.but(skip_layers=layers, preset_of=None)


def _check(settings: Settings, question: Question) -> None:
    if not question.prompt.strip():
        raise InputError("The prompt is empty. Ask something, such as: What is in this image?")
    texts = (("prompt", question.prompt), ("continuation", question.continuation or ""))
    for name, text in texts:
        if len(text) > settings.max_prompt_characters:
            raise TooLarge(
                f"The {name} has {len(text)} characters; "
                f"at most {settings.max_prompt_characters} are taken."
            )
        if half := HALF_CHARACTER.search(text):
            raise InputError(
                f"The {name} holds {half[0]!r}, half of a character, which no text has alone. "
                "Write the whole character, or leave it out."
            )
    if question.max_new_tokens > settings.max_new_tokens:
        raise InputError(
            f"max_new_tokens is {question.max_new_tokens}; choose 1 to {settings.max_new_tokens}."
        )


def _picture(settings: Settings, question: Question) -> Picture | None:
    if isinstance(question.image, bytes):
        return read_picture(question.image, settings.max_image_pixels)
    return question.image


def _image_info(picture: Picture | None) -> ImageInfo | None:
    if picture is None:
        return None
    width, height = picture.image.size
    return ImageInfo(
        sha256=picture.sha256,
        width=width,
        height=height,
        media_type=picture.media_type,
        note=picture.note,
    )
