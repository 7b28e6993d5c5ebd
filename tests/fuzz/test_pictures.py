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
SLOWEST_SECONDS = 20.0  # decoding 64 megapixels on a busy machine
MOST_BYTES = 3 * 2**30  # several copies of 64 megapixels at four bytes each
seen = {"cases": 0, "pictures": 0, "slowest": 0.0}


@settings(max_examples=CASES, deadline=None)
@given(anything())
def test_any_bytes(data):
    start = time.monotonic()
    seen["cases"] += 1
    try:
        picture = read_picture(data, LIMIT)
    except InputError:
        pass
    else:
        seen["pictures"] += 1
        assert picture.image.mode == "RGB"
        assert picture.image.width * picture.image.height <= LIMIT
        assert not picture.image.info
        to_png(picture.image.crop((0, 0, 8, 8)))
    seen["slowest"] = max(seen["slowest"], time.monotonic() - start)


def test_neither_memory_nor_time_ran_away():
    """After the cases above, in the same process."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"\n{seen}, at most {most / 2**20:.0f} MB")
    assert seen["cases"] >= CASES
    assert seen["pictures"] > 0
    assert seen["slowest"] < SLOWEST_SECONDS
    assert most < MOST_BYTES
