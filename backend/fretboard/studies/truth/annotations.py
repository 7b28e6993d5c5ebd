"""Annotation files as they are published: JSON lines, POPE, LLaVA, AMBER, COCO → items.

Formats: POPE's `output/coco/coco_pope_*.json` (one object a line) and its export from the Hugging
Face hub, LLaVA's `questions.jsonl` and conversations, AMBER's `data/query/*.json` with
`data/annotations.json`, COCO's `captions_*.json` and `instances_*.json`.
"""

from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, Field

from fretboard.core.errors import InputError, said
from fretboard.studies.items import Label, StudyItem
from fretboard.studies.truth.amber import AmberLists, read_amber
from fretboard.studies.truth.read_file import FORMATS, parse, read_records
from fretboard.studies.truth.scenes import parse_scene
from fretboard.studies.truth.words import Captions, Instances, ObjectLists, Truth, YesNo

IMAGE_MARK = "<image>"  # where LLaVA puts the picture


class OwnRecord(BaseModel):
    """A line of Fretboard's own format."""

    image: str
    prompt: str | None = None
    id: str | int | None = None
    truth: Any = None


class StoredImage(BaseModel):
    """A picture as a data set of the hub keeps it."""

    path: str


class QuestionRecord(BaseModel):
    """A question of POPE, as published or as the hub exports it; or of LLaVA, without a label."""

    question_id: int | str
    image: Annotated[
        str | StoredImage, Field(validation_alias=AliasChoices("image", "image_source"))
    ]
    text: Annotated[str, Field(validation_alias=AliasChoices("text", "question"))]
    label: Annotated[Label | None, Field(validation_alias=AliasChoices("label", "answer"))] = None


class Turn(BaseModel):
    """What one side says in a conversation."""

    speaker: Annotated[str, Field(alias="from")]
    value: str


class Conversation(BaseModel):
    """A conversation of LLaVA's training data."""

    id: int | str | None = None
    image: str
    conversations: Annotated[list[Turn], Field(min_length=1)]


class CocoImage(BaseModel):
    """An image of a COCO file."""

    id: int
    file_name: str


class CocoCaption(BaseModel):
    """A caption of a COCO file."""

    image_id: int
    caption: str


class CocoInstance(BaseModel):
    """An annotated object of a COCO file."""

    image_id: int
    category_id: int


class CocoCategory(BaseModel):
    """A category of a COCO file."""

    id: int
    name: str


class CocoInstances(BaseModel):
    """instances_*.json; other fields are not needed."""

    images: list[CocoImage]
    annotations: list[CocoInstance]
    categories: Annotated[list[CocoCategory], Field(min_length=1)]


class CocoFile(BaseModel):
    """captions_*.json; other fields are not needed."""

    images: list[CocoImage]
    annotations: Annotated[list[CocoCaption], Field(min_length=1)]


def read_annotations(path: Path, images: Path | None, annotations: Path | None) -> list[StudyItem]:
    """Items of an annotation file; pictures lie in `images`, else beside the file.

    Raises InputError with path, line and what was expected.
    """
    folder = images or path.parent
    whole, records = read_records(path)
    if isinstance(whole, dict) and {"images", "annotations"} & whole.keys():
        return _coco(path, whole, folder)
    if not records:
        raise InputError(f"{path} holds no records. Expected {FORMATS}.")
    first = records[0][1]
    if "query" in first:
        return read_amber(path, records, folder, annotations)
    if "question_id" in first:
        return [_question(where, record, folder) for where, record in records]
    if "conversations" in first:
        return [_conversation(where, record, folder) for where, record in records]
    if "image" not in first:
        raise InputError(f"{records[0][0]}: no field `image`. Expected {FORMATS}.")
    return [_own(where, record, folder) for where, record in records]


def _own(where: str, record: dict[str, Any], folder: Path) -> StudyItem:
    own = parse(OwnRecord, where, record)
    name = str(own.id) if own.id is not None else own.image
    return StudyItem(name, folder / own.image, own.prompt, _own_truth(where, own.truth))


def _own_truth(where: str, truth: Any) -> Truth | None:
    """`yes`/`no`, a list of captions, `{"truth": […], "hallu": […]}` or a drawn scene."""
    if truth is None:
        return None
    if isinstance(truth, str) and (label := truth.strip().lower()) in ("yes", "no"):
        return YesNo(label)  # type: ignore[arg-type]
    if isinstance(truth, list) and all(isinstance(text, str) for text in truth):
        return Captions(tuple(truth))
    if isinstance(truth, dict) and "hallu" in truth:
        lists = parse(AmberLists, where, {"id": 0, "type": "generative"} | truth)
        return ObjectLists(frozenset(lists.truth), frozenset(lists.hallu))
    try:
        return parse_scene(truth)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"{where}: `truth` cannot be used ({said(error).rstrip('.')}). Expected yes or "
            "no, a list of captions, an object with `truth` and `hallu`, or a drawn scene."
        ) from error


def _question(where: str, record: dict[str, Any], folder: Path) -> StudyItem:
    question = parse(QuestionRecord, where, record)
    image = Path(question.image if isinstance(question.image, str) else question.image.path)
    if image.name and not image.suffix:  # `image_source` of the hub's POPE: one of COCO's
        image = image.with_suffix(".jpg")
    truth = YesNo(question.label) if question.label else None
    return StudyItem(str(question.question_id), folder / image, question.text, truth)


def _conversation(where: str, record: dict[str, Any], folder: Path) -> StudyItem:
    """Its first question; what follows would need the answers before it."""
    talk = parse(Conversation, where, record)
    prompt = talk.conversations[0].value.replace(IMAGE_MARK, "").strip()
    name = talk.image if talk.id is None else str(talk.id)
    return StudyItem(name, folder / talk.image, prompt, None)


def _instances(path: Path, whole: dict[str, Any], folder: Path) -> list[StudyItem]:
    """All images, those without an object too: there, every mention is a hallucination."""
    coco = parse(CocoInstances, str(path), whole)
    names = {category.id: category.name for category in coco.categories}
    present: dict[int, set[str]] = defaultdict(set)
    for annotation in coco.annotations:
        if annotation.category_id not in names:
            number = annotation.category_id
            raise InputError(f"{path}: category {number}, which `categories` lacks.")
        present[annotation.image_id].add(names[annotation.category_id])
    return [
        StudyItem(str(i.id), folder / i.file_name, None, Instances(frozenset(present[i.id])))
        for i in coco.images
    ]


def _coco(path: Path, whole: dict[str, Any], folder: Path) -> list[StudyItem]:
    if "categories" in whole:
        return _instances(path, whole, folder)
    coco = parse(CocoFile, str(path), whole)
    captions: dict[int, list[str]] = defaultdict(list)
    for annotation in coco.annotations:
        captions[annotation.image_id].append(annotation.caption)
    unknown = captions.keys() - {image.id for image in coco.images}
    if unknown:
        raise InputError(f"{path}: captions of image {min(unknown)}, which `images` lacks.")
    return [
        StudyItem(str(i.id), folder / i.file_name, None, Captions(tuple(captions[i.id])))
        for i in coco.images
        if i.id in captions
    ]
