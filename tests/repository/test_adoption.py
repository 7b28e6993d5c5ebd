"""What a maintainer elsewhere looks for: a citation, versions that agree, forms that are valid."""

import importlib.util
import json
import re
import shutil
from datetime import date
from pathlib import Path

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

import fretboard
from fretboard.cli.main import app
from fretboard.core.analysis import Analysis

ROOT = Path(__file__).parents[2]
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))


@pytest.fixture
def release():
    spec = importlib.util.spec_from_file_location("release", ROOT / "scripts/release.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.release


@pytest.fixture
def checkout(tmp_path):
    for name in ("pyproject.toml", "CHANGELOG.md", "CITATION.cff", "backend/fretboard/__init__.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_one_command_raises_the_version_everywhere(release, checkout):
    log = checkout / "CHANGELOG.md"
    log.write_text("# Changelog\n\n## Next (unreleased)\n\n- A change.\n")
    version = release("7.2.0", checkout, date(2027, 1, 2))
    assert version == "7.2.0"
    assert f'__version__ = "{version}"' in (checkout / "backend/fretboard/__init__.py").read_text()
    assert f"## {version} (2027-01-02)" in log.read_text()
    cited = yaml.safe_load((checkout / "CITATION.cff").read_text())
    assert cited["version"] == version
    assert cited["date-released"] == date(2027, 1, 2)


def test_a_closed_changelog_is_not_released_again(release, checkout):
    (checkout / "CHANGELOG.md").write_text("# Changelog\n\n## 0.1.0 (2026-01-01)\n")
    with pytest.raises(SystemExit, match="no section"):
        release("patch", checkout)


def test_the_citation_has_the_packages_version():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cited["version"] == fretboard.__version__


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_the_issue_forms_are_valid(path):
    form = yaml.safe_load(path.read_text())
    assert {"name", "description", "body"} <= form.keys()
    for item in form["body"]:
        assert item["type"] in ("textarea", "input", "dropdown", "checkboxes", "markdown")
        assert item["attributes"].get("label")


def test_the_pull_requests_run_what_a_clone_runs():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    steps = [step.get("run") for step in workflow["jobs"]["test"]["steps"]]
    assert ".ci/run" in steps
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


def test_the_published_schemas_are_those_of_the_records(tmp_path):
    done = CliRunner().invoke(app, ["openapi", "--schemas", str(tmp_path)])
    assert done.exit_code == 0
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert len(made) == 3
    for name, text in made.items():  # a changed schema needs a new version, and its own file
        assert (ROOT / "docs/schema" / name).read_text() == text


def test_a_record_of_before_fits_its_schema():
    schema = json.loads((ROOT / "docs/schema/analysis-1.json").read_text())
    records = list((ROOT / "tests/store/records-1").rglob("analysis.json"))
    shipped = list((ROOT / "backend/fretboard/store/examples").rglob("analysis.json"))
    assert records
    for path in [*records, *shipped[:3]]:
        document = Analysis.model_validate_json(path.read_bytes()).model_dump(mode="json")
        jsonschema.validate(document, schema)


def test_what_language_models_are_told_names_calls_that_are_there(client):
    text = (ROOT / "frontend/public/llms.txt").read_text()
    paths = set(client.get("/openapi.json").json()["paths"])
    named = set(re.findall(r"`(?:GET |POST )?(/api/[^`\s]+)`", text))
    spelled = {path.replace("{id}", "{analysis_id}") for path in named}
    assert spelled <= paths
    assert len(named) >= 4
    for document in re.findall(r"^- (docs/[\w./]+)", text, re.MULTILINE):
        assert (ROOT / document).exists()
