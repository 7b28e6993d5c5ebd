"""The page draws with the Plotly.js that plotly.py writes figures for."""

import json
from pathlib import Path

import pytest
from plotly.offline import get_plotlyjs_version

PACKAGE = json.loads((Path(__file__).parents[2] / "frontend/package.json").read_text())
BUNDLES = ("plotly.js-cartesian-dist-min", "plotly.js-gl3d-dist-min")


@pytest.mark.parametrize("bundle", BUNDLES)
def test_the_pages_plotly_is_plotly_pys(bundle):
    assert PACKAGE["devDependencies"][bundle] == get_plotlyjs_version()
