"""What a TIFF says of its numbers, and the kinds of TIFF that Pillow reads as other numbers."""

from typing import Any

import numpy as np
from PIL import Image

from fretboard.core.errors import BadImage

COMPRESSION, PHOTOMETRIC, PLANAR, BITS, SAMPLE_FORMAT = 259, 262, 284, 258, 339
UNCOMPRESSED, WHITE_IS_ZERO, SEPARATE, SIGNED = 1, 0, 2, 2
BYTE = 8  # bits
RANGES = ((340, 341), (280, 281))  # SMin- and SMaxSampleValue, Min- and MaxSampleValue


def check_numbers(image: Image.Image) -> None:
    """Whether Pillow reads the numbers that stand in the file. Raises BadImage.

    Uncompressed planes of 16 bits are read as bytes, compressed numbers of a big-endian file with
    their bytes exchanged, signed bytes and the upper half of unsigned 32 bits by another sign.
    """
    tags = getattr(image, "tag_v2", None)
    if tags is None:
        return
    bits, form = (_first(tags.get(name), 1) for name in (BITS, SAMPLE_FORMAT))
    raw = _first(tags.get(COMPRESSION), UNCOMPRESSED) == UNCOMPRESSED
    swapped = tags.prefix == b"MM" and not raw and image.mode in ("I", "F")
    planes = raw and tags.get(PLANAR) == SEPARATE and bits > BYTE and len(image.getbands()) > 1
    wide = image.mode == "I" and bits > 2 * BYTE and form != SIGNED
    if swapped or planes or (form == SIGNED and bits == BYTE) or (wide and _negative(image)):
        raise BadImage(
            "This kind of TIFF would be read with other numbers than it holds. Save it with 8 bits "
            "a channel, or as a PNG."
        )


def _negative(image: Image.Image) -> bool:
    return bool(np.asarray(image).min(initial=0) < 0)


def white_is_zero(image: Image.Image) -> bool:
    """Whether 0 stands for white, which Pillow heeds with up to 8 bits alone."""
    return getattr(image, "tag_v2", {}).get(PHOTOMETRIC) == WHITE_IS_ZERO


def said_range(image: Image.Image) -> tuple[float, float] | None:
    """The least and the greatest number, as a TIFF's tags say it."""
    tags = getattr(image, "tag_v2", {})
    for names in RANGES:
        low, high = (_first(tags.get(name), None) for name in names)
        if low is not None and high is not None and low < high:
            return low, high
    return None


def _first(value: Any, missing: Any) -> Any:
    """One number: a tag may hold one a channel, or nonsense, which counts as missing."""
    first = value[0] if isinstance(value, tuple) and value else value
    try:
        number = float(first)
    except (TypeError, ValueError, ZeroDivisionError):
        return missing
    return number if np.isfinite(number) else missing
