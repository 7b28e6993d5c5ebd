"""States of other tools give the numbers that the model's own run gives."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner

from fretboard.cli.main import app
from fretboard.core.errors import InputError
from fretboard.core.question import Question
from fretboard.core.settings import Settings, get_settings
from fretboard.engine.imported import import_states
from fretboard.engine.session import Session
from tests.support.tiny_models import save_llava


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_llava(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def session(folder):
    return Session.open(Settings(_env_file=None, model=str(folder), device="cpu"))


@pytest.fixture(scope="module")
def run(session):
    """(states (L+1, T, width), ids (T,), position of the answer, the analysis) of a text run."""
    checkpoint = session.pipeline.checkpoint
    analysis = session.analyze(Question(prompt="What is that?", max_new_tokens=5))
    prompt = checkpoint.tokenizer.decode(range(20, 29))
    start = checkpoint.tokenizer(prompt, add_special_tokens=False).input_ids
    ids = [*start, *(token.id for token in analysis.tokens)]
    inputs = []
    layers = checkpoint.anatomy.layers
    hooks = [
        layer.register_forward_pre_hook(lambda _m, args: inputs.append(args[0])) for layer in layers
    ]
    hooks.append(layers[-1].register_forward_hook(lambda _m, _a, out: inputs.append(first(out))))
    with torch.no_grad():
        logits = checkpoint.model(input_ids=torch.tensor([ids])).logits[0]
    for hook in hooks:
        hook.remove()
    return torch.cat([state[:1] for state in inputs]), ids, len(start), logits


def first(output):
    return output[0] if isinstance(output, tuple) else output


def of_vllm(states, ids, path):
    save_file(
        {"hidden_states": states.transpose(0, 1).contiguous(), "token_ids": torch.tensor(ids)}, path
    )


def of_transformer_lens(states, ids, path):
    cache = {f"blocks.{d}.hook_resid_pre": states[d][None] for d in range(len(states) - 1)}
    cache[f"blocks.{len(states) - 2}.hook_resid_post"] = states[-1][None]
    torch.save(cache | {"token_ids": torch.tensor(ids)}, path)


def of_nnsight(states, ids, path):
    torch.save([state[None] for state in states], path)


def plain(states, ids, path):
    np.savez(path, hidden_states=states.numpy(), token_ids=np.array(ids))


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (of_vllm, "x.safetensors"),
        (of_transformer_lens, "x.pt"),
        (of_nnsight, "y.pt"),
        (plain, "x.npz"),
    ],
)
def test_each_tools_file_gives_the_models_own_probabilities(session, run, tmp_path, write, name):
    states, ids, start, logits = run
    write(states, ids, tmp_path / name)
    given = ids if write is of_nnsight else None
    document = import_states(session, tmp_path / name, start, given)
    own = logits.double().softmax(-1)[torch.arange(start - 1, len(ids) - 1), ids[start:]]
    read = [token.probability for token in document.tokens]
    assert read == pytest.approx(own.tolist(), rel=1e-4)
    assert [token.id for token in document.tokens] == ids[start:]
    jsd = session.arrays.named(document, "jsd")
    assert jsd.shape == (len(states) - 1, len(ids) - start)
    assert import_states(session, tmp_path / name, start, given).id == document.id


def test_a_last_depth_that_was_normed_is_refused(session, run, tmp_path):
    states, ids, start, _ = run
    normed = session.pipeline.checkpoint.anatomy.normed(states[-1]).detach()
    of_vllm(torch.cat([states[:-1], normed[None]]), ids, tmp_path / "x.safetensors")
    with pytest.raises(InputError, match="through the final norm"):
        import_states(session, tmp_path / "x.safetensors", start)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s, ids: (s[:-1], ids, 3), "this model needs"),
        (lambda s, ids: (s[..., :-1], ids, 3), "this model needs"),
        (lambda s, ids: (s, ids[:-1], 3), "positions"),
        (lambda s, ids: (s, [*ids[:-1], 10**6], 3), "not one of the model's"),
        (lambda s, ids: (s, ids, 0), "answer_from is 0"),
        (lambda s, ids: (s, ids, len(ids)), "choose 1 to"),
        (lambda s, ids: (s * float("nan"), ids, 3), "NaN or infinite"),
    ],
)
def test_what_does_not_fit_is_refused(session, run, tmp_path, change, words):
    states, ids, start = change(run[0], run[1])
    plain(states, ids, tmp_path / "x.npz")
    with pytest.raises(InputError, match=words):
        import_states(session, tmp_path / "x.npz", start)


@pytest.mark.parametrize("name", ["x.safetensors", "x.npz", "x.pt", "x.txt"])
def test_a_file_that_holds_something_else_is_refused(session, tmp_path, name):
    (tmp_path / name).write_bytes(b"\x80 nothing of the kind")
    with pytest.raises(InputError, match=name):
        import_states(session, tmp_path / name, 1)


def test_a_pickle_with_code_is_not_run(session, tmp_path):
    torch.save({"hidden_states": print}, tmp_path / "x.pt")
    with pytest.raises(InputError, match="not loaded"):
        import_states(session, tmp_path / "x.pt", 1)


def test_the_command_writes_a_folder(folder, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    states, ids, start, _ = run
    of_nnsight(states, ids, tmp_path / "x.pt")
    (tmp_path / "ids.json").write_text(json.dumps(ids))
    words = ["import", "x.pt", "--answer-from", start, "--tokens", "ids.json", "-o", "out"]
    done = CliRunner().invoke(app, [*map(str, words), "--model", str(folder)])
    assert done.exit_code == 0, done.output
    document = json.loads((tmp_path / "out/analysis.json").read_text())
    assert len(document["tokens"]) == len(ids) - start
