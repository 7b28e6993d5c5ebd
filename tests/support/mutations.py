"""Small files that went wrong: JSON with its structure changed, bytes lost, files that are none."""

import copy
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935\nsize 13\n"
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 3, 7, 10**4, 2**31, 2**63, 10**30, -(2**40), 0.5, -1.5, 1e308,
    float("nan"), float("inf"), "", " ", "a", "four", "a\u2028b", "\ud800", "🎸" * 3, "../../x",
    "x" * 5000, [], [1], [[1]], ["a", None], [1, 2, 3], {}, {"a": 1}, {"": None}, [{}], "null", "4",
)  # fmt: skip
HEADER = 8  # bytes of a safetensors file that tell how long its header is
Tree = Any
Place = tuple[Any, ...]  # keys from the root


def places(tree: Tree, above: Place = ()) -> list[Place]:
    """Of every value below the root."""
    if not isinstance(tree, (dict, list)):
        return []
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree)
    known = []
    for key, value in list(inner)[:60]:
        known += [(*above, key), *places(value, (*above, key))]
    return known


def _at(tree: Tree, place: Place) -> Tree:
    for key in place:
        tree = tree[key]
    return tree


def _with(tree: Tree, place: Place, value: Any) -> Tree:
    if not place:
        return value
    _at(tree, place[:-1])[place[-1]] = value
    return tree


def _dropped(tree: Tree, place: Place, _chance: Random) -> Tree:
    del _at(tree, place[:-1])[place[-1]]
    return tree


def _replaced(tree: Tree, place: Place, chance: Random) -> Tree:
    return _with(tree, place, copy.deepcopy(chance.choice(VALUES)))


def _nudged(tree: Tree, place: Place, chance: Random) -> Tree:
    """A number a little or much off, a word misspelt."""
    value = _at(tree, place)
    if isinstance(value, (int, float)):
        return _with(tree, place, chance.choice((value + 1, value * 2, -value, value / 2, 0)))
    if isinstance(value, str):
        spelt = (value[:-1], value.upper(), value * 2, f" {value}")
        return _with(tree, place, chance.choice(spelt))
    return _with(tree, place, [value])


def _swapped(tree: Tree, place: Place, chance: Random) -> Tree:
    other = chance.choice(places(tree))
    one, two = copy.deepcopy(_at(tree, place)), copy.deepcopy(_at(tree, other))
    tree = _with(tree, place, two)
    try:
        return _with(tree, other, one)
    except (KeyError, TypeError, IndexError):  # one was inside the other
        return tree


def _renamed(tree: Tree, place: Place, chance: Random) -> Tree:
    holder = _at(tree, place[:-1])
    if isinstance(holder, dict):
        holder[chance.choice((f"{place[-1]}s", str(place[-1]).upper(), ""))] = holder.pop(place[-1])
    return tree


def _nested(tree: Tree, place: Place, chance: Random) -> Tree:
    value = _at(tree, place)
    for _ in range(chance.choice((1, 3, 60))):
        value = chance.choice(({"a": value}, [value]))
    return _with(tree, place, value)


def _stretched(tree: Tree, place: Place, chance: Random) -> Tree:
    value = _at(tree, place)
    if isinstance(value, list):
        return _with(tree, place, chance.choice((value * 2, value[:-1], value[::-1], value * 50)))
    return _replaced(tree, place, chance)


STRUCTURE: tuple[Callable[[Tree, Place, Random], Tree], ...] = (
    _dropped, _replaced, _replaced, _replaced, _nudged, _nudged, _swapped, _renamed, _nested,
    _stretched,
)  # fmt: skip


def restructured(data: bytes, chance: Random) -> tuple[bytes, str]:
    """One to three changes of the tree; (the file, what was done)."""
    tree, acts = json.loads(data), []
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        known = places(tree)
        if not known:
            break
        place, act = chance.choice(known), chance.choice(STRUCTURE)
        tree = act(tree, place, chance)
        acts.append(f"{act.__name__[1:]} {'.'.join(map(str, place))}")
    return json.dumps(tree).encode(), ", ".join(acts)


def garbled(data: bytes, chance: Random) -> tuple[bytes, str]:
    """One blow to the bytes."""
    at = chance.randrange(max(1, len(data)))
    blows: dict[str, Callable[[], bytes]] = {
        "cut": lambda: data[:at],
        "flipped": lambda: data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :],
        "noise": lambda: data[:at] + chance.randbytes(9) + data[at:],
        "lost": lambda: data[:at] + data[at + chance.randrange(1, 40) :],
        "mark": lambda: b"\xef\xbb\xbf" + data,
        "utf-16": lambda: data.decode("utf-8", "replace").encode("utf-16"),
        "latin-1": lambda: data[:at] + b"\xe9\xfc" + data[at:],
        "zeros": lambda: bytes(len(data)),
        "empty": lambda: b"",
        "space": lambda: b" \n",
        "pointer": lambda: LFS,
        "twice": lambda: data + data,
        "deep": lambda: b"[" * 100_000,
        "deep object": lambda: b'{"a":' * 20_000,
        "list": lambda: b"[" + data + b"]",
        "string": lambda: json.dumps(data.decode("utf-8", "replace")).encode(),
        "number": lambda: b"1" * chance.choice((1, 5000)),
        "null": lambda: b"null",
        "key twice": lambda: data.replace(b"{", b'{"model_type": 3, "image": null, ', 1),
        "not json": lambda: data.replace(b": ", b": NaN, ", 1),
        "surrogate": lambda: data.replace(b'": "', rb'": "\ud83d', 1),
    }
    name = chance.choice(list(blows))
    return blows[name](), name


def displaced(path: Path, chance: Random) -> str:
    """Something else in the file's place; what."""
    path.unlink()
    name = chance.choice(("gone", "folder", "loop", "dangling", "pipe-less folder"))
    if name == "folder":
        path.mkdir()
    elif name == "pipe-less folder":
        (path / "inside").mkdir(parents=True)
    elif name == "loop":
        path.symlink_to(path.name)
    elif name == "dangling":
        path.symlink_to("nowhere")
    return name


def reheaded(data: bytes, chance: Random) -> tuple[bytes, str]:
    """A safetensors file with another header; its length is told rightly, mostly."""
    length = int.from_bytes(data[:HEADER], "little")
    change = restructured if chance.random() < 0.7 else garbled
    header, act = change(data[HEADER : HEADER + length], chance)
    said = len(header) if chance.random() < 0.9 else chance.choice((0, 7, 2**40, 2**63))
    return said.to_bytes(HEADER, "little") + header + data[HEADER + length :], act


def mutate(path: Path, chance: Random) -> str:
    """Change one small file in place; what was done, for whoever reads a failure."""
    data, roll = path.read_bytes(), chance.random()
    if roll < 0.04:
        return f"{path.name}: {displaced(path, chance)}"
    structured = {".json": restructured, ".safetensors": reheaded}.get(path.suffix, garbled)
    data, act = (structured if roll < 0.8 else garbled)(data, chance)
    path.unlink()  # may be a second name of another folder's file
    path.write_bytes(data)
    return f"{path.name}: {act}"


def linked_copy(source: Path, target: Path) -> Path:
    """The folder again, its files as second names of the same content."""
    shutil.copytree(source, target, copy_function=os.link)
    return target
