"""Uploaded bytes → one upright RGB picture, or a clear error. No other file decodes uploads."""

import hashlib
import io
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from fretboard.core.errors import BadImage, InputError, TooLarge
from fretboard.core.tiff import check_numbers, said_range, white_is_zero

# Pillow reads many more, some through code with a history of holes; people upload these.
FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")
# Processors enlarge the shorter side to theirs: a strip of one pixel would fill the memory.
LONGEST_BY_SHORTEST = 100
# Of files of these formats, where a folder is searched for pictures.
SUFFIXES = frozenset([".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff"])
GREY = (127, 127, 127)
USUAL_WHITES = (1.0, 255.0, 65535.0)  # of numbers that begin at 0
DARK = 2**12  # of 16 bits: cameras of 12 bits often leave the upper four empty
OPAQUE = 255  # alpha
OVER_WHITE = "What is transparent in the file is read as white."
UNLIMITED_PIXELS = 2**63
READABLE = "PNG, JPEG, WebP, AVIF, GIF, BMP or TIFF"


@dataclass(frozen=True)
class Picture:
    """An upright 8-bit RGB image and the SHA-256 of the bytes it came from."""

    image: Image.Image
    sha256: str
    media_type: str
    note: str = ""
    """What was left out of it, and how its numbers became grey values where that is open."""


def read_picture(data: bytes, max_pixels: int) -> Picture:
    """Decode `data`: EXIF rotation applied, first frame, transparency over white.

    Raises BadImage when the bytes are no whole image, TooLarge above `max_pixels`.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            _check_size(opened, max_pixels)
            check_numbers(opened)
            media_type = Image.MIME.get(opened.format or "", "application/octet-stream")
            ImageOps.exif_transpose(opened, in_place=True)
            frames = _frames(opened)
            rgb, note = _to_rgb(opened)
    except InputError:
        raise
    except (Image.DecompressionBombError, MemoryError) as error:
        raise TooLarge(
            "The image has far more pixels than can be read safely; "
            f"upload at most {max_pixels / 1e6:.0f} megapixels."
        ) from error
    except UnidentifiedImageError as error:
        raise BadImage(
            f"These bytes are no image that can be read. Upload a {READABLE} file of 8 or 16 bits."
        ) from error
    except Exception as error:  # the decoders raise errors of many kinds on damaged files
        raise BadImage(f"The file is damaged or cut off ({error}). Export it again.") from error
    if frames > 1:
        note = f"The file has {frames} frames or pages; only the first is read. {note}".strip()
    return Picture(rgb, hashlib.sha256(data).hexdigest(), media_type, note)


def stored_image(png: bytes) -> Image.Image:
    """An image from the store, which has passed the upload limit before."""
    return read_picture(png, UNLIMITED_PIXELS).image


def to_png(image: Image.Image) -> bytes:
    """Lossless PNG bytes without metadata; light compression, for speed."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _check_size(image: Image.Image, max_pixels: int) -> None:
    width, height = image.size
    if width * height > max_pixels:
        raise TooLarge(
            f"The image has {width} × {height} = {width * height / 1e6:.0f} megapixels; "
            f"upload at most {max_pixels / 1e6:.0f}."
        )
    if max(width, height) > LONGEST_BY_SHORTEST * min(width, height):
        raise TooLarge(
            f"The image is {width} × {height} pixels, a thin strip; crop it to at most "
            f"{LONGEST_BY_SHORTEST} times as long as it is wide."
        )


def _frames(image: Image.Image) -> int:
    """Of a film or a document. A camera's second picture (MPO) is a preview of the first."""
    count = 1
    if image.format != "MPO":
        with suppress(Exception):  # a later frame may be damaged; the first is read all the same
            count = int(getattr(image, "n_frames", 1))
            image.seek(0)
    return count


def _to_rgb(image: Image.Image) -> tuple[Image.Image, str]:
    """8-bit RGB and a note; deeper grey is scaled (Pillow would clip it), alpha goes over white."""
    note = ""
    if image.mode.startswith(("I", "F")):
        image, note = _scale_to_8_bit(image)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")
        image = Image.new("RGB", rgba.size, "white")
        image.paste(rgba, mask=rgba)
        if np.asarray(rgba.getchannel("A")).min() < OPAQUE:
            note = f"{note} {OVER_WHITE}".strip()
    rgb = image.convert("RGB")
    rgb.info.clear()
    return rgb, note


def _scale_to_8_bit(image: Image.Image) -> tuple[Image.Image, str]:
    values = np.array(image, dtype=np.float32)  # in place from here: it may be 256 MB
    darkest, brightest = float(values.min(initial=np.inf)), float(values.max(initial=-np.inf))
    if not np.isfinite([darkest, brightest]).all():
        raise BadImage(
            "The image has pixels that are no numbers (NaN or infinite). Replace them, and save it "
            "with 8 or 16 bits."
        )
    low, high, note = _black_and_white(image, darkest, brightest)
    values -= low
    values *= 255 / (high - low)
    np.clip(values, 0, 255, out=values).round(out=values)
    if white_is_zero(image):
        np.subtract(255, values, out=values)
    return Image.fromarray(values.astype(np.uint8), mode="L"), note


def _black_and_white(
    image: Image.Image, darkest: float, brightest: float
) -> tuple[float, float, str]:
    """Which numbers stand for black and for white, and a note where that is not sure."""
    if (said := said_range(image)) is not None:
        return *said, ""
    if image.mode.startswith("I;16") or image.format == "PNG":
        dark = f"The numbers reach {brightest:g} of 65535 only, so the picture is read as dark."
        return 0.0, 65535.0, dark if brightest < DARK else ""
    usual = next((top for top in USUAL_WHITES if darkest >= 0 and brightest <= top), None)
    low, high = (0.0, usual) if usual else (darkest, brightest)
    high = high if high > low else low + 1.0
    note = (
        f"The file does not say which numbers are black and white; its own, {darkest:g} to "
        f"{brightest:g}, were read as {low:g} (black) to {high:g} (white)."
    )
    return low, high, note


def blank_like(image: Image.Image) -> Image.Image:
    """A grey picture of the same size: an image that shows nothing."""
    return Image.new("RGB", image.size, GREY)
