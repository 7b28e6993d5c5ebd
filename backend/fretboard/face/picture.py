"""Pictures as people hold them → the bytes of a file, which is what a question takes."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps

from fretboard.core.errors import InputError
from fretboard.core.whole_file import read_file

if TYPE_CHECKING:
    ImageLike = str | Path | bytes | Image.Image | np.ndarray
FORMS = "a path, bytes, a PIL image or a numpy array (height, width[, 3 or 4])"


def image_bytes(image: Any) -> bytes | None:
    """A file's bytes as they are, anything else as PNG or TIFF; None stays None.

    Raises InputError where it is none of `FORMS`.
    """
    if image is None or isinstance(image, bytes):
        return image
    if isinstance(image, bytearray | memoryview):
        return bytes(image)
    if isinstance(image, str | Path):
        return read_file(Path(image).expanduser())
    if isinstance(image, np.ndarray):
        return _encoded(_from_array(image))
    if isinstance(image, Image.Image):
        return _encoded(image)
    raise InputError(f"A {type(image).__name__} is no image; give {FORMS}.")


def name_of(image: Any, place: int) -> str:
    """What an image of a set is called: its file's name, else its place, counted from 1."""
    return Path(image).name if isinstance(image, str | Path) else f"image {place + 1}"


def _from_array(values: np.ndarray) -> Image.Image:
    colours = values.ndim == 3 and values.shape[2] in (3, 4)
    if not colours and values.ndim != 2:
        raise InputError(f"An array of shape {values.shape} is no image; give {FORMS}.")
    if values.dtype == np.bool_:
        values = values.astype(np.uint8) * 255
    if values.dtype == np.uint8:
        return Image.fromarray(values)
    if np.issubdtype(values.dtype, np.floating) and 0 <= np.min(values) <= np.max(values) <= 1:
        return Image.fromarray((values * 255).round().astype(np.uint8))
    raise InputError(
        f"An array of {values.dtype} from {np.min(values):g} to {np.max(values):g} is no image: "
        "give uint8 from 0 to 255, or floats from 0 to 1."
    )


def _encoded(image: Image.Image) -> bytes:
    """Without loss; PNG knows no floats, TIFF does."""
    upright = ImageOps.exif_transpose(image)
    buffer = io.BytesIO()
    if upright.mode == "F":
        upright.save(buffer, "TIFF")
    elif upright.mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        upright.save(buffer, "PNG")
    else:
        upright.convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()
