"""Image patches through the API, against a plain float64 pass of the same model."""

import io
import threading

import numpy as np
import pytest
import torch
from scipy.special import softmax

from fretboard.lens.readout import LogitLens, leaders, word_probability
from fretboard.model import generation
from tests.support.api_calls import PROMPT, finished, post
from tests.support.random_data import fresh
from tests.support.tiny_models import make_llava


def expected(image, raw, skipped=()):
    """(depth, patch, V) probabilities at the image positions."""
    model, processor = make_llava()
    model = model.double()
    for index in skipped:
        model.model.language_model.layers[index].forward = lambda hidden_states, *_a, **_k: (
            hidden_states
        )
    message = [{"type": "image"}, {"type": "text", "text": PROMPT}]
    text = processor.apply_chat_template(
        [{"role": "user", "content": message}], add_generation_prompt=True
    )
    inputs = processor(images=image, text=text, return_tensors="pt")
    places = inputs["input_ids"][0] == model.config.image_token_index
    decoder, seen = model.model.language_model, []
    for layer in decoder.layers:
        layer.register_forward_pre_hook(
            lambda _m, args, kwargs: seen.append((args or [kwargs["hidden_states"]])[0]),
            with_kwargs=True,
        )
    decoder.norm.register_forward_pre_hook(lambda _m, args: seen.append(args[0]))
    with torch.inference_mode():
        model(**inputs | {"pixel_values": inputs["pixel_values"].double()}, use_cache=False)
        states = torch.stack(seen)[:, 0, places]
        normed = decoder.norm(states)
        if raw:
            normed[:-1] = states[:-1]
        return softmax(model.lm_head(normed).numpy(), axis=-1)


@pytest.mark.parametrize("lens", ["normed", "raw"])
def test_words_and_probabilities_are_those_of_a_plain_pass(client, png, random_image, lens):
    document, _ = finished(client, post(client, png, max_new_tokens=2, skip_layers="1"))
    base = f"/api/analyses/{document['id']}/patches"
    table = expected(random_image, lens == "raw", skipped=(1,))
    word = client.get(f"{base}/word", params={"word": "cat"}).json()
    answer = client.get(f"{base}/probability", params={"word": "cat", "lens": lens})
    got = np.load(io.BytesIO(answer.content))
    np.testing.assert_allclose(got, table[..., word["token_id"]], atol=1e-5)
    patch = int(fresh().integers(9))
    told = client.get(f"{base}/words", params={"patch": patch, "k": 4, "lens": lens}).json()
    assert [row["depth"] for row in told["depths"]] == list(range(5))
    for row, p in zip(told["depths"], table[:, patch], strict=True):
        shares = [entry["probability"] for entry in row["words"]]
        np.testing.assert_allclose(shares, np.sort(p)[::-1][:4], atol=1e-5)
        np.testing.assert_allclose(shares, p[[e["token_id"] for e in row["words"]]], atol=1e-5)
        assert row["entropy"] == pytest.approx(-(p * np.log(p)).sum(), abs=1e-4)
    assert client.get(f"{base}/words", params={"patch": 9}).status_code == 404


def test_places_are_told_or_the_reason_why_not(client, png):
    document, _ = finished(client, post(client, png, max_new_tokens=1))
    grid = client.get(f"/api/analyses/{document['id']}/patches").json()
    assert grid["reason"] is None
    assert len(grid["patches"]) == document["image_positions"] == 9
    lefts = {round(patch["rectangle"][0], 2) for patch in grid["patches"]}
    assert len(lefts) == 3
    blind, _ = finished(client, post(client, max_new_tokens=1))
    told = client.get(f"/api/analyses/{blind['id']}/patches").json()
    assert told["patches"] == []
    assert "without an image" in told["reason"]
    asked = client.get(f"/api/analyses/{blind['id']}/patches/words", params={"patch": 0})
    assert asked.status_code == 422


def test_the_memory_bound_changes_nothing(monkeypatch):
    states = torch.randn(4, 7, 5)
    head = torch.randn(11, 5)
    lens = LogitLens(lambda h: h / h.norm(dim=-1, keepdim=True), lambda h: h @ head.T, 11)
    whole = leaders(lens, states, 3) | {"word": word_probability(lens, states, 6)}
    monkeypatch.setattr("fretboard.lens.readout.CELLS_AT_ONCE", 4 * 11 * 2)
    parts = leaders(lens, states, 3) | {"word": word_probability(lens, states, 6)}
    for name, values in whole.items():
        np.testing.assert_allclose(parts[name], values, atol=1e-6)


def test_the_model_is_run_by_one_thread_alone(client, png, monkeypatch):
    """Skipped layers patch its modules: a pass over the image must not run beside a generation."""
    threads, own = set(), generation.generator

    def noted(model, with_image):
        threads.add(threading.get_ident())
        return own(model, with_image)

    monkeypatch.setattr(generation, "generator", noted)
    document, _ = finished(client, post(client, png, max_new_tokens=3))
    assert client.get(f"/api/analyses/{document['id']}/patches/words?patch=0").status_code == 200
    assert len(threads) == 1
