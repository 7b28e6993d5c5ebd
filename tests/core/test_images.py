"""Uploads are read right, or refused with a sentence."""

import io

import numpy as np
import pytest
from PIL import Image

from fretboard.core.errors import BadImage, TooLarge
from fretboard.core.images import OVER_WHITE, read_picture
from tests.support.images import encode

LIMIT = 10**6


@pytest.fixture
def halves() -> Image.Image:
    """40 × 20: left half red, right half blue."""
    image = Image.new("RGB", (40, 20), (220, 30, 30))
    image.paste((30, 30, 220), (20, 0, 40, 20))
    return image


def read(data: bytes) -> np.ndarray:
    picture = read_picture(data, LIMIT)
    assert picture.image.mode == "RGB"
    return np.asarray(picture.image).astype(int)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "AVIF", "BMP", "TIFF"])
def test_formats_agree(halves, format):
    options = {"lossless": True} if format == "WEBP" else {}
    options |= {"quality": 95} if format in ("JPEG", "AVIF") else {}
    got = read(encode(halves, format, **options))
    assert got.shape == (20, 40, 3)
    np.testing.assert_allclose(got[10, 5], (220, 30, 30), atol=12)
    np.testing.assert_allclose(got[10, 35], (30, 30, 220), atol=12)


@pytest.mark.parametrize("orientation", range(10))  # 0 and 9 say nothing
def test_exif_rotation_is_applied(halves, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    got = read(encode(halves, "JPEG", quality=95, exif=exif))
    assert got.shape == ((40, 20, 3) if orientation in range(5, 9) else (20, 40, 3))


def test_exif_180_degrees_exchanges_the_halves(halves):
    exif = Image.Exif()
    exif[0x0112] = 3
    got = read(encode(halves, "JPEG", quality=95, exif=exif))
    np.testing.assert_allclose(got[10, 5], (30, 30, 220), atol=12)


def test_cmyk_jpeg(halves):
    got = read(encode(halves.convert("CMYK"), "JPEG", quality=95))
    np.testing.assert_allclose(got[10, 5], (220, 30, 30), atol=12)


def test_lab():
    white = encode(Image.new("LAB", (4, 4), (255, 128, 128)), "TIFF")
    np.testing.assert_allclose(read(white), 255, atol=3)


def test_a_cameras_preview_is_no_second_picture_and_bytes_behind_a_file_are_none(halves):
    pair = encode(halves, "MPO", save_all=True, append_images=[Image.new("RGB", (4, 2))])
    for data in (pair, encode(halves, "JPEG") + b"more", encode(halves, "PNG") + b"more"):
        picture = read_picture(data, LIMIT)
        assert (picture.image.size, picture.note) == ((40, 20), "")


def test_the_first_frame_of_a_gif(halves):
    buffer = io.BytesIO()
    halves.save(buffer, "GIF", save_all=True, append_images=[Image.new("RGB", (40, 20), "green")])
    np.testing.assert_allclose(read(buffer.getvalue())[10, 5], (220, 30, 30), atol=12)


def test_16_bit_grey_is_scaled_not_clipped():
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    got = read(encode(Image.fromarray(ramp), "PNG"))
    np.testing.assert_allclose(got[..., 0], ramp / 257, atol=1)


RAMP = np.linspace(0, 1, 256).reshape(16, 16)


def test_float_tiffs_up_to_one_are_whole_pictures():
    got = read(encode(Image.fromarray(RAMP.astype(np.float32)), "TIFF"))
    np.testing.assert_allclose(got[..., 0], RAMP * 255, atol=1)


@pytest.mark.parametrize(("top", "note"), [(4095, "reach 4095 of 65535 only"), (65535, "")])
def test_a_picture_that_uses_few_of_its_16_bits_is_said_to_be_dark(top, note):
    picture = read_picture(encode(Image.fromarray((RAMP * top).astype(np.uint16)), "PNG"), LIMIT)
    assert note in picture.note
    assert bool(note) == bool(picture.note)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_no_numbers_are_refused(value):
    values = RAMP.astype(np.float32)
    values[3, 4] = value
    with pytest.raises(BadImage, match="no numbers"):
        read_picture(encode(Image.fromarray(values), "TIFF"), LIMIT)


@pytest.mark.parametrize("number", [0, 7, -7])
@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_a_picture_of_one_value_is_read(kind, number):
    assert read(encode(Image.fromarray(np.full((4, 4), number, kind)), "TIFF")).shape == (4, 4, 3)


def test_palette_and_transparency_go_over_white(halves):
    np.testing.assert_allclose(
        read(encode(halves.quantize(8), "PNG"))[10, 5], (220, 30, 30), atol=12
    )
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert (read(encode(clear, "PNG")) == 255).all()


@pytest.mark.parametrize(
    "data",
    [b"", b"hello, not an image", b"\x89PNG\r\n\x1a\nnothing", b"%PDF-1.7", b"<svg/>"],
)
def test_bytes_that_are_no_image(data):
    with pytest.raises(BadImage):
        read_picture(data, LIMIT)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF"])
def test_cut_off_files(halves, format):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    data = encode(Image.fromarray(noise), format)
    with pytest.raises(BadImage):
        read_picture(data[: len(data) // 2], LIMIT)


def test_too_many_pixels_are_refused_before_decoding():
    bomb = encode(Image.new("1", (20_000, 10_000)), "PNG")
    assert len(bomb) < 100_000
    with pytest.raises(TooLarge, match="megapixels"):
        read_picture(bomb, LIMIT)


@pytest.mark.parametrize("size", [(5000, 1), (2, 300)])
def test_strips_that_would_grow_beyond_memory_are_refused(size):
    with pytest.raises(TooLarge, match="thin strip"):
        read_picture(encode(Image.new("RGB", size), "PNG"), LIMIT)


def test_metadata_does_not_survive(halves):
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    picture = read_picture(encode(halves, "JPEG", exif=exif, comment=b"secret"), LIMIT)
    assert b"secret" not in encode(picture.image, "PNG")


@pytest.mark.parametrize(("kind", "frames"), [("TIFF", 3), ("GIF", 2), ("PNG", 2), ("PNG", 1)])
def test_pages_and_frames_that_are_not_read_are_said(kind, frames):
    pages = [Image.new("RGB", (20, 10), colour) for colour in ("red", "blue", "green")[:frames]]
    buffer = io.BytesIO()
    more = {"save_all": True, "append_images": pages[1:]} if frames > 1 else {}
    pages[0].save(buffer, kind, **more)
    picture = read_picture(buffer.getvalue(), 10**6)
    assert picture.image.getpixel((3, 3)) == (255, 0, 0)  # the first of them
    words = f"The file has {frames} frames or pages; only the first is read."
    assert picture.note == (words if frames > 1 else "")


@pytest.mark.parametrize("alpha", [0, 254, 255])
def test_what_is_transparent_is_said(alpha):
    picture = read_picture(encode(Image.new("RGBA", (20, 10), (9, 9, 9, alpha)), "PNG"), 10**6)
    assert picture.note == (OVER_WHITE if alpha < 255 else "")
