"""Chat templates as repositories have them, and processors that leave their numbers out."""

import json

import pytest

from fretboard.core.errors import InputError, UnsupportedModel
from fretboard.model.checkpoint import load
from fretboard.model.generation import generate
from fretboard.model.inputs import build_inputs, image_positions
from fretboard.model.templates import TurnContent

POSITIONS = 9


def loaded(folder):
    return load(str(folder), None, "cpu", "auto")


VICUNA = (
    "{% for m in messages %}{% if m['role'] == 'user' %}{{ 'USER: ' + m['content'].strip() }}"
    "{% else %}{{ ' ASSISTANT: ' + m['content'] }}{% endif %}{% endfor %} ASSISTANT:"
)
PRINTING = "{% for m in messages %}USER: {{ m['content'] }}{% endfor %} ASSISTANT:"


@pytest.mark.parametrize("template", [VICUNA, PRINTING])
def test_a_template_that_takes_a_string_gets_one_with_the_images_marker(
    folder, template, random_image
):
    (folder / "chat_template.jinja").write_text(template)
    checkpoint = loaded(folder)
    assert checkpoint.turn is TurnContent.STRING
    with_image = build_inputs(checkpoint, "the cat", random_image, None)
    assert len(image_positions(checkpoint, with_image)) == POSITIONS
    alone = build_inputs(checkpoint, "the cat", None, None)
    words = checkpoint.tokenizer.decode(alone.tensors["input_ids"][0], skip_special_tokens=True)
    assert words == "USER: the cat ASSISTANT:"
    steps = []
    generate(checkpoint, with_image, 2, (), lambda step: steps.append(step) or True)
    assert len(steps) == 2


def test_a_list_of_parts_is_taken_where_the_template_takes_it(folder):
    assert loaded(folder).turn is TurnContent.PARTS


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (
            "{% for m in messages %}{% for c in m['content'] %}{% if c['type'] == 'text' %}"
            "{{ c['text'] }}{% endif %}{% endfor %}{% endfor %}",
            "it leaves the image out",
        ),
        ("USER: hello ASSISTANT:", "it leaves the question out"),
        ("{{ raise_exception('Only tools may speak.') }}", "Only tools may speak"),
        ("{% for m in messages %}{{ m['content'] }}", "chat_template.jinja"),
        ("{{ messages[7]['content'].strip() }}", "chat_template.jinja"),
        ("{{ 1 / 0 }}", "division by zero"),
    ],
)
def test_others_are_refused_at_load_in_a_sentence(folder, template, sentence):
    (folder / "chat_template.jinja").write_text(template)
    with pytest.raises(UnsupportedModel, match=sentence) as refused:
        loaded(folder)
    assert "\n" not in refused.value.detail


def without(folder, *names, **others):
    path = folder / "processor_config.json"
    config = json.loads(path.read_text())
    kept = {name: value for name, value in config.items() if name not in names}
    path.write_text(json.dumps(kept | others))


NUMBERS = ("patch_size", "num_additional_image_tokens", "vision_feature_select_strategy")


@pytest.mark.parametrize("left_out", [*((name,) for name in NUMBERS), NUMBERS])
def test_numbers_that_an_older_processor_leaves_out_are_the_models(folder, left_out, random_image):
    without(folder, *left_out)
    checkpoint = loaded(folder)
    inputs = build_inputs(checkpoint, "the cat", random_image, None)
    assert len(image_positions(checkpoint, inputs)) == POSITIONS
    generate(checkpoint, inputs, 1, (), lambda _step: True)


@pytest.mark.parametrize("wrong", [{"patch_size": 4}, {"num_additional_image_tokens": 0}])
def test_wrong_ones_too(folder, wrong, random_image):
    without(folder, **wrong)
    checkpoint = loaded(folder)
    inputs = build_inputs(checkpoint, "the cat", random_image, None)
    assert len(image_positions(checkpoint, inputs)) == POSITIONS


@pytest.mark.parametrize("marker", ["<image>", "a <image> b"])
def test_markers_in_a_prompt_are_refused(folder, marker, random_image):
    for image in (None, random_image):
        with pytest.raises(InputError, match="'<image>', the model's own image marker"):
            build_inputs(loaded(folder), marker, image, None)


def test_what_a_processor_raises_on_a_prompt_is_a_sentence(folder, random_image, monkeypatch):
    checkpoint = loaded(folder)

    def strict(*_args, **_more):
        raise ValueError("height must be larger than factor: 28.\nGot 1.")

    monkeypatch.setattr(type(checkpoint.processor), "apply_chat_template", strict)
    with pytest.raises(InputError, match=r"40 × 30 pixels: height must be larger .* Send a larger"):
        build_inputs(checkpoint, "the cat", random_image, None)
