"""Hostile picture files: real ones with bytes changed, lost or swapped, and PNGs built to order."""

import io
import struct
import zlib

import numpy as np
from hypothesis import strategies as st
from PIL import Image

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
LATER_PAGES = {"save_all": True, "append_images": [Image.new("RGB", (31, 23), "green")]}
EXIF = Image.Exif()
EXIF[0x0112] = 6
EXIF[0x010E] = "a description"
VARIANTS = [
    ("PNG", "RGB", {}),
    ("PNG", "RGBA", {}),
    ("PNG", "P", {"transparency": 3}),
    ("PNG", "1", {}),
    ("PNG", "I;16", {"exif": EXIF}),
    ("JPEG", "RGB", {"exif": EXIF, "quality": 60}),
    ("JPEG", "L", {"progressive": True}),
    ("JPEG", "CMYK", {}),
    ("WEBP", "RGB", {"quality": 50, "exif": EXIF}),
    ("WEBP", "RGBA", {"lossless": True}),
    ("WEBP", "RGB", LATER_PAGES),
    ("AVIF", "RGB", {"quality": 40}),
    ("GIF", "P", {}),
    ("GIF", "RGB", LATER_PAGES),
    ("BMP", "RGB", {}),
    ("BMP", "P", {}),
    ("TIFF", "RGB", {"compression": "tiff_lzw"}),
    ("TIFF", "RGB", {"compression": "jpeg"}),
    ("TIFF", "RGBA", {"compression": "tiff_adobe_deflate"}),
    ("TIFF", "1", {"compression": "group4"}),
    ("TIFF", "F", {}),
    ("TIFF", "I;16", LATER_PAGES),
]


def _file(format: str, mode: str, options: dict) -> bytes:
    noise = np.random.default_rng(0).integers(0, 255, (23, 31, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    if mode == "I;16":
        image = Image.fromarray(noise[..., 0].astype(np.uint16) * 200)
    elif mode != "RGB":
        image = image.convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


FILES = [_file(*variant) for variant in VARIANTS]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real file after one to five blows; most fall on its head, where sizes and offsets are."""
    data = bytearray(draw(st.sampled_from(FILES)))
    for _ in range(draw(st.integers(1, 8))):
        if not data:
            break
        reach = draw(st.sampled_from([min(len(data), 64), len(data)]))
        at = draw(st.integers(0, reach - 1))
        _strike(draw, data, at)
    return bytes(data)


def _strike(draw: st.DrawFn, data: bytearray, at: int) -> None:
    match draw(st.sampled_from(["byte", "number", "cut", "drop", "repeat", "graft"])):
        case "byte":
            data[at] = draw(st.integers(0, 255))
        case "number":
            form = draw(st.sampled_from(["<I", ">I", "<H", ">H"]))
            top = 2 ** (8 * struct.calcsize(form)) - 1
            number = draw(st.sampled_from(EXTREMES) | st.integers(0, 2**32 - 1)) & top
            data[at : at + struct.calcsize(form)] = struct.pack(form, number)
        case "cut":
            del data[at:]
        case "drop":
            del data[at : at + draw(st.integers(1, 200))]
        case "repeat":
            piece = data[at : at + draw(st.integers(1, 200))]
            data[at:at] = piece * draw(st.integers(1, 20))
        case "graft":
            other = draw(st.sampled_from(FILES))
            start = draw(st.integers(0, len(other) - 1))
            data[at:at] = other[start : start + draw(st.integers(1, 200))]


@st.composite
def built_png(draw: st.DrawFn) -> bytes:
    """A PNG whose check sums are right and whose sizes, types and chunks are anything."""
    sides = st.sampled_from([0, 1, 7, 300, 8000, 20_000, 2**31 - 1]) | st.integers(0, 2**32 - 1)
    depth, kind = (
        draw(st.sampled_from([1, 2, 4, 8, 16, 3])),
        draw(st.sampled_from([0, 2, 3, 4, 6, 9])),
    )
    head = struct.pack(
        ">IIBBBBB", draw(sides), draw(sides), depth, kind, 0, 0, draw(st.integers(0, 2))
    )
    chunks = [(b"IHDR", head)]
    names = [
        b"PLTE",
        b"tRNS",
        b"eXIf",
        b"iCCP",
        b"zTXt",
        b"iTXt",
        b"gAMA",
        b"acTL",
        b"fcTL",
        b"fdAT",
    ]
    for _ in range(draw(st.integers(0, 3))):
        chunks.append((draw(st.sampled_from(names)), draw(st.binary(max_size=60))))
    filling = draw(st.binary(max_size=40)) * draw(st.sampled_from([1, 50, 20_000]))
    chunks += [(b"IDAT", zlib.compress(filling)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, chunks))


def _chunk(named: tuple[bytes, bytes]) -> bytes:
    body = b"".join(named)
    return struct.pack(">I", len(named[1])) + body + struct.pack(">I", zlib.crc32(body))


def anything() -> st.SearchStrategy[bytes]:
    """Damaged files mostly, built PNGs, and mere bytes with or without a file's mark."""
    marks = st.sampled_from([data[:16] for data in FILES])
    noise = st.binary(max_size=400)
    marked = st.builds(lambda mark, rest: mark + rest, marks, noise)
    return st.one_of(damaged(), damaged(), damaged(), built_png(), marked, noise)
