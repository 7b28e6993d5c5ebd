"""A checkpoint folder's files, looked at before anything is loaded from them."""

import json
import zipfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from fretboard.core.config_file import LFS_POINTER, check_file, lfs_words, read_config, read_json
from fretboard.core.errors import UnsupportedModel

WEIGHTS = ("*.safetensors", "*.bin", "*.gguf")
INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
TOKENIZERS = ("tokenizer.json", "*.model", "vocab.txt", "vocab.json")
# Of another kind they would be passed over in silence.
OBJECTS = frozenset({
    "config.json", "generation_config.json", "tokenizer_config.json", "preprocessor_config.json",
    "processor_config.json", "special_tokens_map.json", "added_tokens.json",
})  # fmt: skip
ARCHIVE = b"PK"  # how torch's own files begin
ADAPTER = "adapter_config.json"
LONGEST_JSON = 2**20  # bytes; longer ones are tokenizers, which say themselves what is wrong
HEADER_SIZE = 8  # bytes of a safetensors file that tell its header's length
LONGEST_HEADER = 100_000_000  # bytes, as in safetensors itself
AGAIN = "Take the file from the checkpoint's source again."


def check_files(folder: Path) -> None:
    """Raises FretboardError that names the first file that cannot be what it should."""
    if (folder / ADAPTER).exists():  # passed over in silence, or put on top of the layers
        raise UnsupportedModel(
            f"{folder / ADAPTER} belongs to an adapter, and answers would be read without it. "
            "Merge it into its model (peft: merge_and_unload) and save that; or, to read the model "
            "alone, take the adapter's files out of the folder."
        )
    config = read_config(folder / "config.json")
    if "model_type" not in config:
        raise UnsupportedModel(
            f"{folder / 'config.json'} has no `model_type`, so transformers does not know which "
            f"architecture it is. {AGAIN}"
        )
    for path in _matching(folder, ("*.json", *WEIGHTS, *TOKENIZERS, "*.jinja")):
        check_file(path)
    for path in sorted(folder.glob("*.json")):
        if path.stat().st_size <= LONGEST_JSON:
            (read_config if path.name in OBJECTS else read_json)(path)
    weights = list(_matching(folder, WEIGHTS))
    if not weights:
        raise UnsupportedModel(
            f"{folder} holds no weights: looked for {', '.join(WEIGHTS)}. Put the checkpoint's "
            "weights there, or name another folder."
        )
    for path in chain(weights, _matching(folder, TOKENIZERS)):
        _check_file(path)
    _check_shards(folder)


def _matching(folder: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    return chain.from_iterable(sorted(folder.glob(pattern)) for pattern in patterns)


def _check_file(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(len(LFS_POINTER))
    if head == LFS_POINTER:
        raise UnsupportedModel(lfs_words(path))
    if not head:
        raise UnsupportedModel(f"{path} is empty. {AGAIN}")
    if path.suffix == ".safetensors":
        _check_safetensors(path)
    if head.startswith(ARCHIVE) and not zipfile.is_zipfile(path):
        raise UnsupportedModel(f"{path} is cut off or damaged: it has no end. {AGAIN}")


def _check_safetensors(path: Path) -> None:
    """Whether the file is as long as its header says."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(HEADER_SIZE), "little")
        header = file.read(length) if length <= min(size, LONGEST_HEADER) else b""
    try:
        tensors = json.loads(header)
        ends = [entry["data_offsets"][1] for name, entry in tensors.items() if name[:2] != "__"]
        whole = HEADER_SIZE + length + max(ends, default=0)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        raise UnsupportedModel(
            f"{path} is no safetensors file, or a damaged one. {AGAIN}"
        ) from None
    if size != whole:
        raise UnsupportedModel(
            f"{path} is {'cut off' if size < whole else 'too long'}: it has {size} bytes, and its "
            f"header says {whole}. {AGAIN}"
        )


def _check_shards(folder: Path) -> None:
    """Each file that an index names, where it is the index that counts."""
    for name, whole in zip(INDEXES, ("model.safetensors", "pytorch_model.bin"), strict=True):
        index = folder / name
        if not index.is_file() or (folder / whole).is_file():
            continue
        shards = read_config(index).get("weight_map")
        if not isinstance(shards, dict) or not all(isinstance(s, str) for s in shards.values()):
            raise UnsupportedModel(f"{index} has no `weight_map` of names of files. {AGAIN}")
        missing = sorted(set(shards.values()) - set(_names(folder)))
        if missing:
            raise UnsupportedModel(
                f"{len(missing)} of {len(set(shards.values()))} files that {index} names are not "
                f"there: {', '.join(f'{name:.100}' for name in missing[:3])}. Download them too."
            )


def _names(folder: Path) -> Iterator[str]:
    return (path.name for path in folder.iterdir() if path.is_file())
