"""A release's version and changelog: `python scripts/release.py patch | minor | major | 1.2.3`.

Raises the version in the package and CITATION.cff, and closes the changelog's open section.
"""

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OPEN = re.compile(r"^## .*\(unreleased\)$", re.MULTILINE)


def release(change: str, root: Path = ROOT, day: date | None = None) -> str:
    """The new version. Raises SystemExit where the changelog has no open section."""
    day = day or date.today()
    changelog, citation = root / "CHANGELOG.md", root / "CITATION.cff"
    text = changelog.read_text()
    if not OPEN.search(text):
        raise SystemExit("CHANGELOG.md has no section `## … (unreleased)`: say what changed first.")
    command = [sys.executable, "-m", "hatchling", "version"]
    subprocess.run([*command, change], cwd=root, check=True, stdout=subprocess.DEVNULL)
    version = subprocess.check_output(command, cwd=root, text=True).strip()
    changelog.write_text(OPEN.sub(f"## {version} ({day.isoformat()})", text, count=1))
    cited = re.sub(r"(?m)^version: .*$", f"version: {version}", citation.read_text())
    citation.write_text(re.sub(r"(?m)^date-released: .*\n", "", cited) + f"date-released: {day}\n")
    return version


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    print(release(sys.argv[1]))
