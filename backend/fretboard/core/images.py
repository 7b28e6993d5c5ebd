"""Uploaded bytes → one upright RGB picture, or a clear error. No other file decodes uploads."""

import hashlib
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from fretboard.core.errors import BadImage, InputError, TooLarge

# Pillow reads many more, some through code with a history of holes; people upload these.
FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")
# Processors enlarge the shorter side to theirs: a strip of one pixel would fill the memory.
LONGEST_BY_SHORTEST = 100
# Of files of these formats, where a folder is searched for pictures.
SUFFIXES = frozenset([".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff"])
GREY = (127, 127, 127)
UNLIMITED_PIXELS = 2**63
READABLE = "PNG, JPEG, WebP, AVIF, GIF, BMP or TIFF"


@dataclass(frozen=True)
class Picture:
    """An upright 8-bit RGB image and the SHA-256 of the bytes it came from."""

    image: Image.Image
    sha256: str
    media_type: str


def read_picture(data: bytes, max_pixels: int) -> Picture:
    """Decode `data`: EXIF rotation applied, first frame, transparency over white.

    Raises BadImage when the bytes are no whole image, TooLarge above `max_pixels`.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            _check_size(opened, max_pixels)
            media_type = Image.MIME.get(opened.format or "", "application/octet-stream")
            ImageOps.exif_transpose(opened, in_place=True)
            rgb = _to_rgb(opened)
    except InputError:
        raise
    except (Image.DecompressionBombError, MemoryError) as error:
        raise TooLarge(
            "The image has far more pixels than can be read safely; "
            f"upload at most {max_pixels / 1e6:.0f} megapixels."
        ) from error
    except UnidentifiedImageError as error:
        raise BadImage(f"These bytes are no image. Upload a {READABLE} file.") from error
    except Exception as error:  # the decoders raise errors of many kinds on damaged files
        raise BadImage(f"The file is damaged or cut off ({error}). Export it again.") from error
    return Picture(rgb, hashlib.sha256(data).hexdigest(), media_type)


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


def _to_rgb(image: Image.Image) -> Image.Image:
    """8-bit RGB; 16-bit grey is scaled (Pillow alone would clip it), alpha goes over white."""
    if image.mode.startswith(("I", "F")):
        image = _scale_to_8_bit(image)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")
        image = Image.new("RGB", rgba.size, "white")
        image.paste(rgba, mask=rgba)
    rgb = image.convert("RGB")
    rgb.info.clear()
    return rgb


def _scale_to_8_bit(image: Image.Image) -> Image.Image:
    values = np.array(image, dtype=np.float32)  # in place from here: it may be 256 MB
    np.nan_to_num(values, copy=False)
    if image.mode.startswith("F") and values.max(initial=0.0) <= 1.0:
        values *= 65535.0
    values /= 257.0
    np.clip(values, 0, 255, out=values).round(out=values)
    return Image.fromarray(values.astype(np.uint8), mode="L")


def blank_like(image: Image.Image) -> Image.Image:
    """A grey picture of the same size: an image that shows nothing."""
    return Image.new("RGB", image.size, GREY)
