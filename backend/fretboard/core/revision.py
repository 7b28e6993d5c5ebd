"""The revision of a checkpoint folder: a digest of every file that can change an answer.

Weights are read wholly, once: one to three seconds a gigabyte. Their digests are then kept by path,
size, times and inode, so that later processes read none of them again.
"""

import hashlib
import threading
from itertools import chain
from pathlib import Path

from fretboard.core.config_file import check_file
from fretboard.core.notes import note, recall

SMALL = 64 * 2**20  # bytes; larger files enter by their digest
# The first rule: these alone, by their contents. A folder that has nothing else keeps its revision.
FIRST = ("*.safetensors", "*.json")
# What else can change an answer: weights of other formats, templates, tokenizers.
FURTHER = (
    "*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.msgpack", "*.gguf", "*.jinja",
    "additional_chat_templates/*.jinja", "*.model", "*.spm", "*.tiktoken", "*.bpe",
    "vocab.txt", "merges.txt", "bpe.codes",
)  # fmt: skip
# Folders that had records by the first rule, which did not see their template.
KNOWN = {"73ab6a81db8c1457d586be7402c1a709": "df2111bc2afabc3c283b901850118ec6"}
_one_reader = threading.Lock()  # a second thread waits, then finds the digest noted


def folder_revision(folder: Path) -> str:
    """SHA-256 over the names, sizes and contents of a checkpoint's files (32 hex digits).

    Raises UnknownModel for what is no file under such a name.
    """
    digest = hashlib.sha256()
    for path in _files(folder, FIRST):
        size = path.stat().st_size
        digest.update(f"{path.name} {size}\n".encode())
        digest.update(path.read_bytes() if size <= SMALL else file_digest(path).encode())
    for path in _files(folder, FURTHER):
        line = f"{path.relative_to(folder)} {path.stat().st_size} {file_digest(path)}\n"
        digest.update(line.encode())
    revision = digest.hexdigest()[:32]
    return KNOWN.get(revision, revision)


def file_digest(path: Path) -> str:
    """SHA-256 of the whole file (hex); noted for files that take a while to read."""
    facts = path.stat()
    times = (facts.st_mtime_ns, facts.st_ctime_ns)
    key = (path.resolve(), facts.st_size, *times, facts.st_ino)
    with _one_reader:
        known = recall("digests", *key)
        if known is None:
            with path.open("rb") as file:
                known = hashlib.file_digest(file, "sha256").hexdigest()
            if facts.st_size > SMALL:
                note(known, "digests", *key)
        return known


def _files(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    paths = sorted(set(chain.from_iterable(folder.glob(pattern) for pattern in patterns)))
    for path in paths:
        check_file(path)
    return paths
