"""The fields of a question as they came → a checked request with its id, and the picture."""

from dataclasses import dataclass

from fretboard.core.analysis import Analysis, analysis_id
from fretboard.core.errors import InputError, TooLarge
from fretboard.core.images import Picture, read_picture
from fretboard.core.model_info import NOTHING, Announced, choose_model
from fretboard.core.question import (
    DEFAULT_NEW_TOKENS,
    AnalysisRequest,
    ImageInfo,
    Lens,
    SkipWhen,
    check_repair,
    parse_layers,
)
from fretboard.core.repair import parse_repair
from fretboard.core.settings import Settings


@dataclass(frozen=True)
class Asked:
    """The fields of a POST as they came; see DESIGN's contract."""

    prompt: str
    image: bytes | None = None
    model: str | None = None
    max_new_tokens: int = DEFAULT_NEW_TOKENS
    lens: str = Lens.NORMED.value
    skip_layers: str = ""
    continuation: str | None = None
    skip_when: str = SkipWhen.ALWAYS.value
    repair: str = ""
    """As `parse_repair` reads it."""
    salt: str | None = None
    """Makes it private: equal requests with another salt, or none, do not find it."""


def prepare(
    settings: Settings, asked: Asked, announced: Announced = NOTHING
) -> tuple[Analysis, Picture | None]:
    """The analysis that `asked` stands for, not yet stored. Raises InputError."""
    served = choose_model(settings, asked.model, announced)
    _check(settings, asked)
    picture = (
        read_picture(asked.image, settings.max_image_pixels) if asked.image is not None else None
    )
    # Where the config leaves the layers out, the worker checks the range.
    skipped = parse_layers(asked.skip_layers, served.layers or None)
    request = AnalysisRequest(
        prompt=asked.prompt,
        model=served.name,
        max_new_tokens=asked.max_new_tokens,
        lens=Lens(asked.lens),
        skip_layers=skipped,
        # Without a layer to skip both are the same run: one id.
        skip_when=SkipWhen(asked.skip_when) if skipped else SkipWhen.ALWAYS,
        continuation=asked.continuation or None,
        repair=parse_repair(asked.repair, served.layers or None),
        salt=asked.salt,
        image=_image_info(picture),
    )
    check_repair(request)
    model = served.info
    return Analysis(id=analysis_id(request, model), request=request, model=model), picture


def _check(settings: Settings, asked: Asked) -> None:
    if not asked.prompt.strip():
        raise InputError("The prompt is empty. Ask something, such as: What is in this image?")
    for name, text in (("prompt", asked.prompt), ("continuation", asked.continuation or "")):
        if len(text) > settings.max_prompt_characters:
            raise TooLarge(
                f"The {name} has {len(text)} characters; "
                f"at most {settings.max_prompt_characters} are taken."
            )
    if not 1 <= asked.max_new_tokens <= settings.max_new_tokens:
        raise InputError(
            f"max_new_tokens is {asked.max_new_tokens}; choose 1 to {settings.max_new_tokens}."
        )
    if asked.lens not in list(Lens):
        raise InputError(f"There is no lens {asked.lens!r}; choose {', '.join(Lens)}.")
    if asked.skip_when not in list(SkipWhen):
        raise InputError(
            f"There is no skip_when {asked.skip_when!r}; choose {', '.join(SkipWhen)}."
        )


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
