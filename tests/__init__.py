"""Tests of Fretboard, a folder for each room; what they share is in `support`."""

import pytest

# Their asserts say what differed, as those of test modules do.
pytest.register_assert_rewrite("tests.support", "tests.browser.harness", "tests.browser.map_pages")
