"""AMBER's query files and annotations (junyangwang0410/AMBER, `data/`).

Its evaluation also takes nouns near in meaning (spaCy vectors) and counts every listed noun that
is near to nothing true. Here only the annotated words and their listed associations are judged.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, RootModel

from fretboard.core.errors import InputError
from fretboard.studies.items import Label, StudyItem
from fretboard.studies.truth.read_file import Records, parse, read_records, read_text
from fretboard.studies.truth.words import ObjectLists, Truth, YesNo


class AmberQuery(BaseModel):
    """An entry of AMBER's query files."""

    id: int
    image: str
    query: str


class AmberLists(BaseModel):
    """An entry of AMBER's annotations for the generative task."""

    id: int
    type: Literal["generative"]
    truth: list[str]
    hallu: list[str]


class AmberLabel(BaseModel):
    """An entry of AMBER's annotations for the discriminative tasks."""

    id: int
    type: str
    truth: Label


class Associations(RootModel[dict[str, list[str]]]):
    """relation.json: words that count as naming the same object."""


def read_amber(
    path: Path, records: Records, folder: Path, annotations: Path | None
) -> list[StudyItem]:
    """Items of a query file, with the truth of `annotations`. Raises InputError."""
    queries = [parse(AmberQuery, where, record) for where, record in records]
    source = annotations or _beside(path)
    truths = _truths(source)
    items = []
    for query, (where, _) in zip(queries, records, strict=True):
        if query.id not in truths:
            raise InputError(f"{where}: id {query.id} is not among the annotations in {source}.")
        items.append(StudyItem(str(query.id), folder / query.image, query.query, truths[query.id]))
    return items


def _beside(path: Path) -> Path:
    """AMBER keeps `annotations.json` in the folder above its queries."""
    for folder in (path.parent, path.parent.parent):
        if (folder / "annotations.json").is_file():
            return folder / "annotations.json"
    raise InputError(
        f"{path} is an AMBER query file, but there is no annotations.json in its folder or the "
        "one above. Name it with --annotations."
    )


def _truths(path: Path) -> dict[int, Truth]:
    _, records = read_records(path)
    associations = _associations(path.parent / "relation.json")
    safe = _safe_words(path.parent / "safe_words.txt")
    truths: dict[int, Truth] = {}
    for where, record in records:
        if record.get("type") == "generative":
            lists = parse(AmberLists, where, record)
            present = _widen(lists.truth, associations)
            absent = _widen(lists.hallu, associations) - present - safe
            truths[lists.id] = ObjectLists(present - safe, absent)
        else:
            label = parse(AmberLabel, where, record)
            truths[label.id] = YesNo(label.truth)
    return truths


def _widen(words: Sequence[str], associations: dict[str, list[str]]) -> frozenset[str]:
    return frozenset(words).union(*(associations.get(word, []) for word in words))


def _associations(path: Path) -> dict[str, list[str]]:
    """Empty when the annotations come without the file."""
    if not path.is_file():
        return {}
    whole, _ = read_records(path)
    return parse(Associations, str(path), whole).root


def _safe_words(path: Path) -> frozenset[str]:
    """Words that AMBER never judges; empty when the annotations come without the file."""
    return frozenset(read_text(path).split("\n")) if path.is_file() else frozenset()
