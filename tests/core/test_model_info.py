"""What a checkpoint's config says of it, without torch: every published one, and damaged ones."""

import json

import pytest
from transformers import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
)

from fretboard.core.errors import UnknownModel
from fretboard.core.model_info import served_model
from fretboard.core.shape import ModelShape, shape_of
from fretboard.jobs.admission import Load, request_bytes

KINDS = sorted(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES | MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES)
WITHOUT_DEFAULTS = {"gemma4_assistant"}  # its class does not take its own defaults


def published(kind, folder):
    """`config.json` of a config class at its defaults, as `save_pretrained` and in full."""
    config = CONFIG_MAPPING[kind]()
    (folder / "config.json").write_text(config.to_json_string(use_diff=False))
    return str(folder)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in WITHOUT_DEFAULTS])
def test_every_published_configuration_tells_what_its_memory_depends_on(kind, tmp_path):
    served = served_model(published(kind, tmp_path))
    assert served.family == CONFIG_MAPPING[kind].model_type
    for name in ("layers", "width", "vocabulary", "kv_width", "mlp_width"):
        assert getattr(served, name) > 0, name
    one, more = (request_bytes(served, Load(prompt=100, new=new)) for new in (1, 100))
    assert 0 < one < more


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("llava", (32, 4096, 4096, 11008, 576)),
        ("internvl", (32, 4096, 4096, 22016, 256)),
        ("gpt2", (12, 768, 768, 3072, 0)),
        ("qwen2_vl", (80, 8192, 1024, 29568, 0)),
        ("opt", (12, 768, 768, 3072, 0)),
    ],
)
def test_shapes_of_configurations_that_name_their_numbers_differently(kind, shape, tmp_path):
    served = served_model(published(kind, tmp_path))
    told = (served.layers, served.width, served.kv_width, served.mlp_width, served.image_positions)
    assert told == shape


@pytest.mark.parametrize(
    ("size", "patch", "positions"),
    [
        (336, 14, 576),
        ([336, 336], [14, 14], 576),
        ([448, 224], 14, 512),
        ({"height": 224, "width": 448}, {"height": 14, "width": 14}, 512),
        (None, 14, 0),
        ("336", [], 0),
    ],
)
def test_a_picture_has_a_height_and_a_width(size, patch, positions):
    eye = {"image_size": size, "patch_size": patch}
    assert shape_of({"vision_config": eye}).image_positions == positions


@pytest.mark.parametrize(
    "config",
    [
        {"text_config": None, "vision_config": []},
        {"num_hidden_layers": "four", "hidden_size": -1, "num_attention_heads": 0},
        {"num_hidden_layers": 2.5, "vocab_size": True, "num_key_value_heads": [1, 2]},
        {"text_config": {"text_config": {"hidden_size": 8, "num_attention_heads": [None]}}},
    ],
)
def test_a_config_of_wrong_values_is_silent_about_them(config):
    assert shape_of(config).layers == ModelShape().layers == 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"model_type": ', "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "holds a JSON list, not an object"),
        (b"null", "holds a JSON NoneType"),
        (b'\xef\xbb\xbf{"model_type": "llama"}', "begins with a byte-order mark"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Run `git lfs pull`"),
    ],
)
def test_a_damaged_config_is_one_sentence_that_names_the_file(content, sentence, tmp_path):
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(UnknownModel) as refused:
        served_model(str(tmp_path))
    assert str(tmp_path / "config.json") in refused.value.detail
    assert sentence in refused.value.detail


def test_a_tilde_is_the_users_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "config.json").write_text(json.dumps({"model_type": "llama"}))
    served = served_model("~/tiny")
    assert (served.name, served.source) == ("~/tiny", str(tmp_path / "tiny"))
