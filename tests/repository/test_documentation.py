"""The documentation site: its links lead somewhere, and it says what the code says."""

import json
import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

import fretboard as fb
from fretboard.core import errors

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """Built as strictly as mkdocs can: a link, an anchor or a page out of place fails it."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT / "backend")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder


def text(site: Path, page: str) -> str:
    """What a reader sees of it, with single spaces."""
    html = (site / f"{page}.html").read_text()
    return " ".join(unescape(re.sub(r"<[^>]+>", "", html)).split())


def test_every_public_name_has_a_reference(site):
    shown = (site / "reference.html").read_text()
    for name in fb.__all__:
        assert name == "errors" or f'id="fretboard.{name}"' in shown, name
    assert 'id="fretboard.Analysis.hidden_states"' in shown
    assert "&gt;&gt;&gt; " in shown
    assert "<blockquote>" not in shown


def test_every_call_is_in_the_http_reference(site):
    printed = subprocess.run(
        [sys.executable, "-m", "fretboard.cli.main", "openapi"], capture_output=True, text=True
    ).stdout
    shown = text(site, "http")
    for path, calls in json.loads(printed)["paths"].items():
        for method in calls:
            assert f"{method.upper()} {path}¶" in shown


def test_every_error_is_explained(site):
    shown = text(site, "errors")
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and kind is not errors.FretboardError:
            assert f"{name} {kind.status} {kind.title}" in shown


def test_every_option_is_with_its_command(site):
    shown = text(site, "commands")
    assert "fretboard analyze" in shown
    assert "--max-new-tokens" in shown


def test_nothing_is_fetched_from_elsewhere_to_read_it(site):
    script = r'<(?:script|img|iframe)[^>]*src="(https?:[^"]+)'
    sheet = r'<link[^>]*stylesheet"[^>]*href="(https?:[^"]+)'
    for page in site.rglob("*.html"):
        assert re.findall(f"{script}|{sheet}", page.read_text()) == [], page.name
