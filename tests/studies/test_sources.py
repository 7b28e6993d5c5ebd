"""IMAGES in all its forms, as published, and what is said of malformed ones."""

import json

import pytest

from fretboard.core.errors import InputError
from fretboard.studies.sources import find_items
from fretboard.studies.truth.words import Captions, ObjectLists, YesNo
from fretboard.tiny_llava.world.scene import SceneMix, sample_scene

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
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_a_folder_a_glob_and_single_pictures(tmp_path):
    for name in ("b.png", "a.JPG", "notes.txt"):
        (tmp_path / name).touch()
    scene = sample_scene(1, SceneMix())
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


# lmms-lab/POPE on the Hugging Face hub; LLaVA's playground and llava_instruct_150k.json.
HUB_POPE = {"id": "0", "question_id": "1", "question": "Is there a snowboard in the image?",
            "answer": "yes ", "image_source": "COCO_val2014_000000310196",
            "category": "adversarial"}  # fmt: skip
LLAVA_QUESTION = {"question_id": 0, "image": "001.jpg", "text": "What is this?", "category": "conv"}
LLAVA_TALK = {"id": "000000033471", "image": "000000033471.jpg", "conversations": [
    {"from": "human", "value": "<image>\nWhat are the colors of the bus?"},
    {"from": "gpt", "value": "The bus is white and red."},
    {"from": "human", "value": "What else is there?"},
    {"from": "gpt", "value": "A street."}]}  # fmt: skip


@pytest.mark.parametrize("image", [{}, {"image": {"bytes": None, "path": "own.png"}}])
def test_pope_as_the_hub_exports_it(tmp_path, image):
    path = write(tmp_path / "pope.jsonl", lines(HUB_POPE | image))
    [item] = find_items([str(path)], "")
    name = "own.png" if image else f"{HUB_POPE['image_source']}.jpg"
    assert (item.id, item.image) == ("1", tmp_path / name)
    assert (item.prompt, item.truth) == (HUB_POPE["question"], YesNo("yes"))


def test_llava_s_questions_have_no_truth(tmp_path):
    path = write(tmp_path / "questions.jsonl", lines(LLAVA_QUESTION))
    [item] = find_items([str(path)], "")
    assert (item.id, item.image.name, item.prompt) == ("0", "001.jpg", "What is this?")
    assert item.truth is None


def test_a_conversation_of_llava_is_its_first_question(tmp_path):
    path = write(tmp_path / "llava.json", json.dumps([LLAVA_TALK]))
    [item] = find_items([str(path)], "")
    assert (item.id, item.prompt) == ("000000033471", "What are the colors of the bus?")
    assert item.truth is None


@pytest.mark.parametrize("text", ["\u2028", "\u0085", "\u2029"])
def test_only_a_line_feed_ends_a_line(tmp_path, text):
    prompt = f"What is{text} this?"
    record = json.dumps({"image": "a.png", "prompt": prompt}, ensure_ascii=False)
    path = write(tmp_path / "mine.jsonl", f"{record}\r\n{record}\n")
    assert [item.prompt for item in find_items([str(path)], "")] == [prompt] * 2


@pytest.mark.parametrize("text", [lines(POPE, POPE), json.dumps([POPE, POPE])])
def test_a_byte_order_mark_is_no_text(tmp_path, text):
    path = tmp_path / "pope.json"
    path.write_text(text, encoding="utf-8-sig")
    assert len(find_items([str(path)], "")) == 2


@pytest.mark.parametrize("label", ["yes ", " Yes", "YES\n"])
def test_a_label_may_have_space_around_it(tmp_path, label):
    own = {"image": "a.png", "prompt": "Is it?", "truth": label}
    for record in (POPE | {"label": label}, own):
        [item] = find_items([str(write(tmp_path / "x.jsonl", lines(record)))], "")
        assert item.truth == YesNo("yes")


def test_a_folder_s_brackets_are_no_pattern(tmp_path):
    folders = [tmp_path / name for name in ("b [2024]", "b 2")]
    for folder in folders:
        folder.mkdir()
        (folder / "a.png").touch()
    [item] = find_items([f"{folders[0]}/*.png"], "What?")
    assert item.image == folders[0] / "a.png"
    [item] = find_items([f"{tmp_path}/b [1-3]/[a-c].png"], "What?")
    assert item.image == folders[1] / "a.png"
    assert len(find_items([f"{tmp_path}/**/*.png"], "What?")) == 2


def test_text_that_is_not_utf_8_is_said_in_a_sentence(tmp_path):
    queries = write(tmp_path / "query_all.json", json.dumps(AMBER_QUERIES))
    write(tmp_path / "annotations.json", json.dumps(AMBER_TRUTHS))
    words = tmp_path / "safe_words.txt"
    words.write_bytes("café\norange".encode("latin-1"))
    with pytest.raises(InputError) as error:
        find_items([str(queries)], "")
    assert f"{words} is not UTF-8" in error.value.detail
    queries.write_bytes("é".encode("latin-1"))
    with pytest.raises(InputError, match="is not UTF-8"):
        find_items([str(queries)], "")


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
    scene = sample_scene(7, SceneMix())
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
