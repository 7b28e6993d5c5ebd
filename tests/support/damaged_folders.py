"""What can be wrong with a checkpoint's folder: name → (how it is done, words of the refusal)."""

import json

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935\nsize 13\n"


def edit(folder, name="config.json", **fields):
    path = folder / name
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def halve(path):
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


WEIGHTS = "model.safetensors"
DAMAGES = {
    "half": (lambda f: halve(f / WEIGHTS), [WEIGHTS, "cut off", "from the checkpoint's source"]),
    "longer": (lambda f: (f / WEIGHTS).open("ab").write(b"more"), [WEIGHTS, "too long"]),
    "noise": (lambda f: (f / WEIGHTS).write_bytes(b"\xff" * 99), [WEIGHTS, "no safetensors file"]),
    "empty": (lambda f: (f / WEIGHTS).write_bytes(b""), [WEIGHTS, "is empty"]),
    "pointer": (lambda f: (f / WEIGHTS).write_bytes(LFS), [WEIGHTS, "git lfs pull"]),
    "tokenizer": (lambda f: (f / "tokenizer.json").write_bytes(LFS), ["tokenizer.json", "lfs"]),
    "none": (lambda f: (f / WEIGHTS).unlink(), ["holds no weights", "*.safetensors"]),
    "broken tokenizer": (lambda f: halve(f / "tokenizer.json"), ["tokenizer", "source again"]),
    "broken processor": (lambda f: halve(f / "processor_config.json"), ["processor_config.json"]),
    "broken generation": (
        lambda f: halve(f / "generation_config.json"),
        ["generation_config.json"],
    ),
    "broken config": (lambda f: halve(f / "config.json"), ["config.json", "is not JSON"]),
    "list": (lambda f: (f / "config.json").write_text("[1]"), ["config.json", "JSON list"]),
    "mark": (
        lambda f: (f / "config.json").write_text("\ufeff" + (f / "config.json").read_text()),
        ["config.json", "byte-order mark"],
    ),
    "no type": (lambda f: edit(f, model_type=None), ["config"]),
    "new type": (lambda f: edit(f, model_type="zzz"), ["`zzz`", "newer transformers"]),
    "gptq": (
        lambda f: edit(f, quantization_config={"quant_method": "gptq", "bits": 4}),
        ["package is not installed", "pip"],
    ),
    "awq": (
        lambda f: edit(f, quantization_config={"quant_method": "awq", "bits": 4}),
        ["package is not installed", "gptqmodel"],
    ),
    "unknown method": (
        lambda f: edit(f, quantization_config={"quant_method": "zzz"}),
        ["quantised by 'zzz'", "unquantised"],
    ),
    "flash attention": (
        lambda f: edit(f, _attn_implementation="flash_attention_2"),
        ["FlashAttention2", "not installed", "config.json"],
    ),
    "layers of a word": (lambda f: edit_text(f, num_hidden_layers="four"), ["num_hidden_layers"]),
    "heads that do not divide": (lambda f: edit_text(f, num_attention_heads=5), ["(48)", "(5)"]),
    "no such activation": (lambda f: edit_text(f, hidden_act="zzz"), ["zzz", "config.json"]),
    "a folder for weights": (lambda f: displace(f / WEIGHTS).mkdir(), [WEIGHTS, "is a folder"]),
    "a loop of links": (
        lambda f: displace(f / "generation_config.json").symlink_to("generation_config.json"),
        ["generation_config.json", "leads to no file"],
    ),
    "two-byte letters": (
        lambda f: (f / "generation_config.json").write_text("{}", encoding="utf-16"),
        ["generation_config.json", "not JSON"],
    ),
    "a list of settings": (
        lambda f: (f / "generation_config.json").write_text("[]"),
        ["generation_config.json", "JSON list"],
    ),
    "an end that is no token": (
        lambda f: edit(f, "generation_config.json", eos_token_id={"a": 2}),
        ["generation_config.json", "`eos_token_id`", "not a token's id"],
    ),
    "a longest text of a word": (
        lambda f: edit(f, "tokenizer_config.json", model_max_length="long"),
        ["tokenizer", "source again"],
    ),
    "endless layers": (
        lambda f: edit_text(f, num_hidden_layers=2**31),
        ["config.json", "`num_hidden_layers` is 2147483648"],
    ),
    "no layers": (
        lambda f: edit_text(f, num_hidden_layers=0),
        ["config.json", "`num_hidden_layers` is 0"],
    ),
    "an adapter beside it": (
        lambda f: (f / "adapter_config.json").write_text("{}"),
        ["adapter_config.json", "merge_and_unload"],
    ),
    "boundless width": (
        lambda f: edit_text(f, intermediate_size=2**40),
        ["config.json", "parameters", "one of its sizes is wrong"],
    ),
    "a picture of kilometres": (
        lambda f: edit_images(f, size={"shortest_edge": 10**6}),
        ["processor_config.json", "`size.shortest_edge` is 1e+06"],
    ),
    "placeholders without end": (
        lambda f: edit(f, "processor_config.json", num_additional_image_tokens=2**31),
        ["processor_config.json", "`num_additional_image_tokens` is 2.14748e+09"],
    ),
    "no language model": (lambda f: edit(f, model_type="vit"), ["vit", "neither"]),
}


def displace(path):
    path.unlink()
    return path


def edit_images(folder, **fields):
    processor = json.loads((folder / "processor_config.json").read_text())
    edit(folder, "processor_config.json", image_processor=processor["image_processor"] | fields)


def edit_text(folder, **fields):
    config = json.loads((folder / "config.json").read_text())
    edit(folder, text_config=config["text_config"] | fields)
