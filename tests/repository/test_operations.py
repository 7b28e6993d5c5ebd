"""docs/operations.md names only what there is: settings and metrics."""

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()


def test_every_setting_it_names_is_in_the_example_environment():
    example = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"FRETBOARD_[A-Z_]+", PAGE))
    assert len(named) > 5
    lacking = {name for name in named if not re.search(rf"^{name}=", example, re.MULTILINE)}
    assert lacking == {"FRETBOARD_MODEL"}  # it has two defaults, and is named in a comment there


def test_its_metrics_are_those_that_are_served(client):
    told = client.get("/metrics").text
    families = text_string_to_metric_families(told)
    kinds = {family.name: family.type for family in families if "fretboard" in family.name}
    served = {f"{name}_total" if kind == "counter" else name for name, kind in kinds.items()}
    assert set(re.findall(r"^\| `(fretboard_\w+)` \|", PAGE, re.MULTILINE)) == served
