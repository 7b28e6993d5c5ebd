"""IMAGES in all its forms, as published, and what is said of malformed ones."""

import json

import pytest

from fretboard.core.errors import InputError
from fretboard.studies.sources import find_items
from fretboard.studies.truth.words import Captions, ObjectLists, YesNo
from fretboard.tiny_llava.world.scene import Mix, sample_scene

# One record each as published: AoiDragon/POPE output/coco, junyangwang0410/AMBER data, COCO 2014.
POPE = {"question_id": 2, "image": "COCO_val2014_000000310196.jpg",
        "text": "Is there a car in the image?", "label": "no"}  # fmt: skip
AMBER_QUERIES = [{"id": 1, "image": "AMBER_1.jpg", "query": "Describe this image."},
                 {"id": 1005, "image": "AMBER_1.jpg",
                  "query": "Is the sky sunny in this image?"}]  # fmt: skip
AMBER_TRUTHS = [{"id": 1, "type": "generative", "truth": ["sky", "road"], "hallu": ["cloud"]},
                {"id": 1005, "type": "discriminative-attribute-state",
                 "truth": "yes"}]  # fmt: skip
COCO = {
    "info": {"year": 2014}, "licenses": [], "type": "captions",
    "images": [{"id": 391895, "file_name": "COCO_val2014_000000391895.jpg", "height": 360},
               {"id": 5, "file_name": "no-caption.jpg"}],
    "annotations": [{"image_id": 391895, "id": 770337, "caption": "A man with a red helmet."},
                    {"image_id": 391895, "id": 771687, "caption": "Man riding a motor bike."}],
}  # fmt: skip


def lines(*records):
    return "\n".join(json.dumps(record) for record in records) + "\n"


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_folder_a_glob_and_single_pictures(tmp_path):
    for name in ("b.png", "a.JPG", "notes.txt"):
        (tmp_path / name).touch()
    scene = sample_scene(1, Mix())
    write(tmp_path / "b.json", json.dumps(scene.truth()))
    write(tmp_path / "a.json", '{"unrelated": 1}')
    found = find_items([str(tmp_path)], "What?")
    assert [(item.id, item.prompt) for item in found] == [("a", "What?"), ("b", "What?")]
    assert [item.truth and item.truth.scene for item in found] == [None, scene]
    assert find_items([f"{tmp_path}/*"], "What?") == found
    assert find_items([str(tmp_path / "a.JPG"), str(tmp_path / "b.png")], "What?") == found
    assert find_items([str(tmp_path)], "What?", limit=1) == found[:1]


@pytest.mark.parametrize("as_array", [False, True])
def test_pope(tmp_path, as_array):
    text = json.dumps([POPE, POPE | {"label": "Yes"}]) if as_array else lines(POPE, POPE)
    path = write(tmp_path / "coco_pope_random.json", text)
    first = find_items([str(path)], "", tmp_path / "val2014")[0]
    assert (first.id, first.prompt, first.truth) == ("2", POPE["text"], YesNo("no"))
    assert first.image == tmp_path / "val2014" / POPE["image"]


@pytest.mark.parametrize("named", [False, True])
def test_amber_as_its_repository_lays_it_out(tmp_path, named):
    data = tmp_path / "data"
    queries = write(data / "query" / "query_all.json", json.dumps(AMBER_QUERIES, indent=4))
    write(data / "annotations.json", json.dumps(AMBER_TRUTHS))
    write(data / "relation.json", json.dumps({"sky": [], "road": ["path", "cloud"]}))
    write(data / "safe_words.txt", "orange\npath")
    annotations = data / "annotations.json" if named else None
    lists, label = find_items([str(queries)], "", tmp_path / "image", annotations)
    assert isinstance(lists.truth, ObjectLists)
    assert lists.truth.present == {"sky", "road", "cloud"}  # path is never judged
    assert lists.truth.absent == set()
    assert label.truth == YesNo("yes")
    assert label.prompt == AMBER_QUERIES[1]["query"]


def test_coco_captions(tmp_path):
    path = write(tmp_path / "captions_val2014.json", json.dumps(COCO))
    [item] = find_items([str(path)], "Describe it.", tmp_path)
    assert item.prompt == "Describe it."
    captions = tuple(annotation["caption"] for annotation in COCO["annotations"])
    assert item.truth == Captions(captions)


def test_json_lines_of_our_own(tmp_path):
    scene = sample_scene(7, Mix())
    path = write(tmp_path / "mine.jsonl", lines(
        {"image": "a.png"},
        {"image": "/elsewhere/b.png", "prompt": "Own?", "id": 9, "truth": "Yes"},
        {"image": "c.png", "truth": scene.truth()},
        {"image": "d.png", "truth": ["A dog."]},
        {"image": "e.png", "truth": {"truth": ["dog"], "hallu": ["cat"]}},
    ))  # fmt: skip
    found = find_items([str(path)], "Given?")
    assert found[0].image == tmp_path / "a.png"
    assert (found[1].id, found[1].prompt, found[1].truth) == ("9", "Own?", YesNo("yes"))
    assert str(found[1].image) == "/elsewhere/b.png"
    assert [item.truth and item.truth.kind for item in found] == [
        None, "yes-no", "scene", "captions", "objects"]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (lines(POPE) + "{oops\n", "line 2: not JSON"),
        (lines(POPE, POPE | {"label": "maybe"}), "line 2: `label`"),
        (lines({"image": "a.png"}, {"prompt": "x"}), "line 2: `image`"),
        (lines({"image": "a.png"}, [1]), "line 2: a list. Expected an object"),
        (lines({"image": "a.png", "truth": {"groups": [{"kind": "cow"}]}}), "`truth` cannot"),
        (lines({"picture": "a.png"}), "no field `image`"),
        ("", "holds no records"),
        (json.dumps([*AMBER_QUERIES, {"id": "x", "query": "?"}]), "entry 3: `id`"),
        (json.dumps(AMBER_QUERIES), "--annotations"),
        (json.dumps(AMBER_TRUTHS), "no field `image`"),
        (json.dumps(COCO | {"annotations": [{"image_id": 391895, "bbox": []}]}),
         "`annotations.0.caption`"),
        (json.dumps(COCO | {"images": []}), "captions of image 391895"),
    ],
)  # fmt: skip
def test_what_is_malformed_is_told_with_path_and_place(tmp_path, text, told):
    path = write(tmp_path / "file.json", text)
    with pytest.raises(InputError) as error:
        find_items([str(path)], "What?")
    assert str(path) in error.value.detail
    assert told in error.value.detail


def test_nothing_found_and_no_prompt_are_told(tmp_path):
    for sources, prompt in (([str(tmp_path)], "x"), ([str(tmp_path / "none")], "x")):
        with pytest.raises(InputError):
            find_items(sources, prompt)
    (tmp_path / "a.png").touch()
    with pytest.raises(InputError, match="--prompt"):
        find_items([str(tmp_path)], " ")
