"""Wheel and sdist: what they hold, and that an installation works away from the repository."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from tests.support import http
from tests.support.servers import answers, free_port, wait_for

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "backend/fretboard/tiny_llava/gallery/blue-dog-red-sheep.png"
QUESTION = "What is the color of the dog?"
# With FRETBOARD_RELEASE_TESTS=on every dependency is installed as a user's pip would, on each
# Python there is; without, an installation borrows the packages of the one that runs the tests.
REAL = os.environ.get("FRETBOARD_RELEASE_TESTS") == "on"
NAMES = ("python3.11", "python3.12", "python3.13")
PYTHONS = [name for name in NAMES if shutil.which(name) and not subprocess.call([name, "-V"])]
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
NOTEBOOK = """
import fretboard as fb
m = fb.load("tiny-llava")
a = m.analyze({picture!r}, {question!r})
a.save("saved")
print(a.answer, "|", fb.open("saved").heatmap().layout.xaxis.title.text)
"""


@pytest.fixture(scope="module")
def releases(tmp_path_factory):
    """(wheel, sdist), built from this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    build(ROOT, folder)
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


def build(source, folder, *targets):
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    run([*command, *(word for target in targets for word in ("-t", target))], cwd=source)


def run(command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=PYTHONS if REAL else [sys.executable])
def installed(request, releases, tmp_path_factory):
    """The `bin` folder of an environment that holds the wheel; on each Python only if asked."""
    folder = tmp_path_factory.mktemp("environment")
    if REAL:
        run([request.param, "-m", "venv", folder])
        pip = [folder / "bin/python", "-m", "pip", "install", "-q"]
        run([*pip, "torch", "--extra-index-url", CPU_INDEX])
        run([*pip, f"{releases[0]}[worker]"])
    else:
        venv.create(folder, with_pip=False)
        (site,) = folder.glob("lib/python*/site-packages")
        (site / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
        pip = [sys.executable, "-m", "pip", "--python", folder / "bin/python", "install", "-q"]
        run([*pip, "--no-deps", "--no-index", "--ignore-installed", releases[0]])
    return folder / "bin"


def away(tmp_path):
    """Options of a process in another folder that knows nothing of this checkout."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FRETBOARD_", "PYTHON"))}
    return {"cwd": tmp_path, "env": kept | {"FRETBOARD_MODEL": "tiny-llava", "STORE_URL": "store"}}


def test_the_wheel_brings_the_page_and_the_bundled_model_and_no_training(releases):
    names = zipfile.ZipFile(releases[0]).namelist()
    assert "fretboard/server/static/index.html" in names
    assert "fretboard/tiny_llava/weights/model.safetensors" in names
    assert "fretboard/py.typed" in names
    assert not [name for name in names if "/train/" in name or name.startswith("tests")]
    assert releases[0].name.startswith("fretboard_vlm-")


@pytest.mark.skipif(not REAL, reason="a second wheel: make release-tests")
def test_the_sdist_makes_the_same_wheel(releases, tmp_path):
    with tarfile.open(releases[1]) as archive:
        archive.extractall(tmp_path, filter="data")
    build(next(tmp_path.glob("fretboard_vlm-*")), tmp_path / "again", "wheel")
    again = zipfile.ZipFile(next((tmp_path / "again").glob("*.whl")))
    first = zipfile.ZipFile(releases[0])
    assert sorted(again.namelist()) == sorted(first.namelist())


def test_it_is_not_built_without_the_page(tmp_path):
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "backend/fretboard").mkdir(parents=True)
    shutil.copy(ROOT / "backend/fretboard/__init__.py", tmp_path / "backend/fretboard")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert "run `make page` first" in done.stderr


def test_it_analyses_from_the_command_line_and_a_notebook(installed, tmp_path):
    command = ["analyze", PICTURE, "--prompt", QUESTION, "--output", "out"]
    told = run([installed / "fretboard", *command], **away(tmp_path))
    assert (tmp_path / "out/analysis.json").is_file()
    code = NOTEBOOK.format(picture=str(PICTURE), question=QUESTION)
    answer = run([installed / "python", "-c", code], **away(tmp_path)).strip()
    assert answer == f"{told.splitlines()[0]} | emitted token"
    where = run(
        [installed / "python", "-c", "import fretboard; print(fretboard.__file__)"],
        **away(tmp_path),
    )
    assert Path(where.strip()).is_relative_to(installed.parent)


@pytest.mark.skipif(not REAL, reason="a minute of processes: make release-tests")
def test_it_serves_the_page(installed, tmp_path):
    port = free_port()
    command = [str(installed / "fretboard"), "serve", "--port", str(port)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, **away(tmp_path)) as server:
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(lambda: answers(f"{url}/healthz"), server)
            assert "<title>" in http.get(url).text
            with PICTURE.open("rb") as file:
                sent = http.post(
                    f"{url}/api/analyses", files={"image": file}, data={"prompt": QUESTION}
                )
            assert sent.status_code in (200, 202), sent.text
        finally:
            server.terminate()


def test_training_says_that_it_needs_a_clone(installed, tmp_path):
    command = [installed / "python", "-m", "fretboard.tiny_llava", "train"]
    done = subprocess.run(command, capture_output=True, text=True, **away(tmp_path))
    assert done.returncode == 1
    assert done.stderr.strip().endswith("run this in a clone of the repository.")
