"""The processor of a checkpoint, also where torchvision is missing.

Many families' processors bundle a video processor, which needs torchvision; image and text do not.
Without torchvision such a processor is loaded without its video part. Pixtral's (Mistral 3) is
marked as wanting torchvision too, for one function that its Pillow image processor also has.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from itertools import chain
from types import SimpleNamespace
from typing import Any

from transformers import AutoProcessor, ProcessorMixin
from transformers.image_utils import SizeDict

from fretboard.core.errors import UnsupportedModel, said
from fretboard.model.refusals import refusing

VIDEO = "video_processor"
PIXTRAL = "transformers.models.pixtral"
REMEDY = (
    "Take preprocessor_config.json, processor_config.json and the tokenizer's files from the "
    "checkpoint's source again."
)
# Features that a vision tower gives beside those of its patches.
CLASS_POSITIONS = {"clip_vision_model": 1, "siglip_vision_model": 0}
SIZES = ("size", "crop_size", "max_image_size", "max_pixels", "min_pixels")
LONGEST_EDGE = 2**14  # pixels
MOST_PIXELS = 2**28  # where a processor of native resolutions has areas for edges
COUNTS = re.compile(r"seq_len|^num_|_tokens$")  # of placeholders, by the processors' own names
MOST_POSITIONS = 2**16
PATCHED = ("get_attributes", "_get_arguments_from_pretrained")


def load_processor(source: str, revision: str | None, config: Any = None) -> Any:
    """`AutoProcessor` for `source`, with what its model's config says of image positions.

    Raises UnsupportedModel where a package is missing for it, or its files cannot be used.
    """
    with refusing(f"The processor of {source} cannot be loaded", REMEDY):
        processor = _load_processor(source, revision)
        if not isinstance(processor, ProcessorMixin):
            raise UnsupportedModel(
                f"{source} has no processor for images, only {type(processor).__name__}. Add its "
                "preprocessor_config.json and processor_config.json."
            )
        _check_sizes(processor)
        _fit(processor, config)
    return processor


def _check_sizes(processor: Any) -> None:
    """A picture beyond any picture, or its placeholders, would take the machine's memory."""
    for field, number, most in chain(_sizes(processor), _counts(processor)):
        if isinstance(number, (int, float)) and not 0 < number <= most:
            raise UnsupportedModel(
                f"preprocessor_config.json (or processor_config.json): `{field}` is {number:g}, "
                "which no picture has. Take the file from its source."
            )


def _sizes(processor: Any) -> Iterator[tuple[str, Any, int]]:
    """(field, pixels, most)."""
    images = getattr(processor, "image_processor", None)
    areas = hasattr(images, "merge_size") or hasattr(images, "patch_size")
    for name in SIZES:
        size = getattr(images, name, None)
        sides = dict(size) if isinstance(size, (Mapping, SizeDict)) else {"": size}
        for side, pixels in sides.items():
            field = f"{name}.{side}".rstrip(".")
            most = MOST_PIXELS if areas or "pixels" in field else LONGEST_EDGE
            yield field, pixels, most


def _counts(processor: Any) -> Iterator[tuple[str, Any, int]]:
    """(field, placeholders of a picture, most)."""
    for name, count in vars(processor).items():
        if COUNTS.search(name) and isinstance(count, int) and count > 0:
            yield name, count, MOST_POSITIONS


def _fit(processor: Any, config: Any) -> None:
    """LLaVA-like processors count image positions by numbers that are the model's.

    Older repositories leave them out; a wrong one counts other positions than there are features.
    """
    eye = getattr(config, "vision_config", None)
    if eye is None or not hasattr(processor, "num_additional_image_tokens"):
        return
    if isinstance(patch := getattr(eye, "patch_size", None), int):
        processor.patch_size = patch
    if eye.model_type in CLASS_POSITIONS:
        processor.num_additional_image_tokens = CLASS_POSITIONS[eye.model_type]
    strategy = getattr(config, "vision_feature_select_strategy", None)
    own = processor.vision_feature_select_strategy
    processor.vision_feature_select_strategy = strategy or own or "default"


def _load_processor(source: str, revision: str | None) -> Any:
    if find_spec("torchvision") is not None:
        return _load(source, revision)
    try:
        _free_pixtral()
        with _without_videos() as attributes:
            processor = _load(source, revision)
    except ImportError as error:
        raise UnsupportedModel(
            f"The image processor of {source} needs a package that is not installed: "
            f"{said(error)} Install that package with pip and start again."
        ) from error
    processor.get_attributes = lambda: attributes(type(processor))
    if VIDEO in type(processor).get_attributes():  # SmolVLM asks it for these, images or not
        setattr(processor, VIDEO, SimpleNamespace(num_frames=None, fps=None))
    return processor


def _load(source: str, revision: str | None) -> Any:
    return AutoProcessor.from_pretrained(source, revision=revision, trust_remote_code=False)


def _free_pixtral() -> None:
    """Make Pixtral's processor class importable, with Pillow's image processor behind it."""
    missing, processing = f"{PIXTRAL}.image_processing_pixtral", f"{PIXTRAL}.processing_pixtral"
    with suppress(ImportError, AttributeError):  # another transformers: the refusal names the want
        sys.modules[missing] = import_module(f"{PIXTRAL}.image_processing_pil_pixtral")
        try:
            vars(import_module(PIXTRAL))["PixtralProcessor"] = vars(import_module(processing))[
                "PixtralProcessor"
            ]
        finally:
            del sys.modules[missing]


@contextmanager
def _without_videos() -> Iterator[Callable[[type], list[str]]]:
    """Inside: processors are made with None for a video part; yields what their parts then are."""
    own = {name: ProcessorMixin.__dict__[name] for name in PATCHED}
    parts, arguments = (own[name].__func__ for name in PATCHED)

    def fewer_parts(cls: type) -> list[str]:
        return [name for name in parts(cls) if name != VIDEO]

    def with_none(cls: type, *args: Any, **kwargs: Any) -> list[Any]:
        listed = list(arguments(cls, *args, **kwargs))
        if VIDEO in parts(cls):
            listed.insert(parts(cls).index(VIDEO), None)
        return listed

    for name, patch in zip(PATCHED, (fewer_parts, with_none), strict=True):
        setattr(ProcessorMixin, name, classmethod(patch))
    try:
        yield fewer_parts
    finally:
        for name, method in own.items():
            setattr(ProcessorMixin, name, method)
