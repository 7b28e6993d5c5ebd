"""A TIFF's numbers are read as the file means them, or it is refused."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin, TiffTags

from fretboard.core.errors import BadImage
from fretboard.core.images import read_picture
from fretboard.core.tiff import (
    BITS,
    COMPRESSION,
    PHOTOMETRIC,
    PLANAR,
    SAMPLE_FORMAT,
    WHITE_IS_ZERO,
)
from tests.core.test_images import LIMIT, RAMP, read
from tests.support.images import encode


@pytest.mark.parametrize("kind", [np.int32, np.float32])
@pytest.mark.parametrize(
    ("low", "high", "black", "white"),
    [
        (0, 255, 0, 255),
        (10, 200, 0, 255),
        (0, 65535, 0, 65535),
        (0, 3000, 0, 65535),
        (-1000, 3000, -1000, 3000),
        (0, 10**6, 0, 10**6),
    ],
)
def test_deep_tiffs_are_scaled_by_their_range_and_say_so(kind, low, high, black, white):
    values = (low + RAMP * (high - low)).astype(kind)
    picture = read_picture(encode(Image.fromarray(values), "TIFF"), LIMIT)
    expected = (values.astype(float) - black) / (white - black) * 255
    np.testing.assert_allclose(np.asarray(picture.image)[..., 0], expected, atol=1)
    assert f"read as {black:g} (black) to {white:g} (white)" in picture.note


@pytest.mark.parametrize(("kind", "tags"), [(np.float32, (340, 341)), (np.int32, (280, 281))])
def test_the_range_that_a_tiff_states_is_taken(kind, tags):
    values = (100 + RAMP * 100).astype(kind)
    stated = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in zip(tags, (0, 400), strict=True):
        stated.tagtype[tag] = TiffTags.FLOAT if kind is np.float32 else TiffTags.SHORT
        stated[tag] = value
    picture = read_picture(encode(Image.fromarray(values), "TIFF", tiffinfo=stated), LIMIT)
    np.testing.assert_allclose(np.asarray(picture.image)[..., 0], values / 400 * 255, atol=1)
    assert picture.note == ""


def retagged(image: Image.Image, tags: dict[int, tuple[int, int]]) -> bytes:
    """An uncompressed TIFF whose short tags say something else: number → (before, after)."""
    data = encode(image, "TIFF")
    for tag, values in tags.items():
        before, after = (struct.pack("<HHIH", tag, 3, 1, value) for value in values)
        assert data.count(before) == 1
        data = data.replace(before, after)
    return data


@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_a_tiff_whose_zero_is_white_is_read_so(kind):
    ramp = Image.fromarray((RAMP * (65535 if kind is np.uint16 else 1)).astype(kind))
    got = read(retagged(ramp, {PHOTOMETRIC: (1, WHITE_IS_ZERO)}))
    np.testing.assert_allclose(got[..., 0], (1 - RAMP) * 255, atol=1)


def deep_cmyk(planar: int) -> bytes:
    """16 bits a channel; red, then white."""
    inks = np.array([[[0, 255, 255, 0], [0, 0, 0, 0]]] * 4, np.uint16) * 257
    wide = Image.fromarray(inks.view(np.uint8).reshape(4, 4, 4), "CMYK")
    data = encode(wide, "TIFF").replace(struct.pack("<4H", *[8] * 4), struct.pack("<4H", *[16] * 4))
    width = [struct.pack("<HHII", 256, 4, 1, pixels) for pixels in (4, 2)]
    plane = [struct.pack("<HHIH", PLANAR, 3, 1, kind) for kind in (1, planar)]
    assert [data.count(width[0]), data.count(plane[0])] == [1, 1]
    return data.replace(*width).replace(*plane)


def test_16_bits_of_cmyk_are_read():
    assert read(deep_cmyk(1))[0].tolist() == [[255, 0, 0], [255, 255, 255]]


def big_endian_floats() -> bytes:
    packed = zlib.compress(RAMP.astype(">f4").tobytes())
    tags = {256: 16, 257: 16, BITS: 32, COMPRESSION: 8, PHOTOMETRIC: 1, 273: 0, 277: 1, 278: 16}
    tags |= {279: len(packed), SAMPLE_FORMAT: 3}
    tags[273] = 14 + 12 * len(tags)
    entries = b"".join(struct.pack(">HHII", tag, 4, 1, value) for tag, value in tags.items())
    return struct.pack(">2sHIH", b"MM", 42, 8, len(tags)) + entries + bytes(4) + packed


def damaged_numbers() -> dict[str, bytes]:
    """TIFFs that Pillow reads as other numbers than they hold."""
    return {
        "planes": deep_cmyk(2),
        "compressed, big-endian": big_endian_floats(),
        "signed bytes": encode(Image.new("L", (4, 4), 200), "TIFF", tiffinfo={SAMPLE_FORMAT: 2}),
        "unsigned 32 bits": retagged(
            Image.fromarray(np.full((4, 4), -5, np.int32)), {SAMPLE_FORMAT: (2, 1)}
        ),
    }


@pytest.mark.parametrize("kind", damaged_numbers())
def test_tiffs_whose_numbers_would_be_read_as_others_are_refused(kind):
    with pytest.raises(BadImage, match="other numbers than it holds"):
        read_picture(damaged_numbers()[kind], LIMIT)
