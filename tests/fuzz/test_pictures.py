"""Whatever bytes come, an upload becomes an RGB picture within the limit, or a clear refusal."""

import resource
import time

from hypothesis import given, settings

from fretboard.core.errors import InputError
from fretboard.core.images import read_picture, to_png
from fretboard.core.settings import Settings
from tests.support.pictures import anything

BIG = settings.get_current_profile_name() == "fuzz"
CASES = 20_000 if BIG else 150
LIMIT = Settings.model_fields["max_image_pixels"].default
SLOWEST_SECONDS = 20.0  # of the processor, decoding 64 megapixels
MOST_BYTES = 3 * 2**30  # several copies of 64 megapixels at four bytes each


def test_any_bytes_and_neither_memory_nor_time_runs_away():
    pictures, seconds, before = [], [], peak()

    @settings(max_examples=CASES, deadline=None)
    @given(anything())
    def read(data):
        start = time.process_time()
        pictures.append(is_read(data))
        seconds.append(time.process_time() - start)

    read()
    told = f"{sum(pictures)} pictures of {len(pictures)} uploads, {max(seconds):.2f} s at most"
    print(f"\n{told}, {(peak() - before) / 2**20:.0f} MB more")
    assert len(pictures) >= CASES
    assert any(pictures)
    assert max(seconds) < SLOWEST_SECONDS
    assert peak() - before < MOST_BYTES


def is_read(data: bytes) -> bool:
    """Whether it is a picture; then it is one within the limit, without anything else."""
    try:
        picture = read_picture(data, LIMIT)
    except InputError:
        return False
    assert picture.image.mode == "RGB"
    assert picture.image.width * picture.image.height <= LIMIT
    assert not picture.image.info
    to_png(picture.image.crop((0, 0, 8, 8)))
    return True


def peak() -> int:
    """Bytes of memory that this process had at once."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
