"""The estimate grows as it should, and a refusal names what fits."""

import pytest

from fretboard.jobs.admission import (
    Load,
    ModelShape,
    TooMuchMemory,
    admit,
    most_new_tokens,
    request_bytes,
)
from tests.support.api_calls import finished, post
from tests.support.random_data import fresh

LLAVA = ModelShape(
    layers=32, width=4096, vocabulary=32_064, kv_width=4096, mlp_width=11_008, dtype="float16"
)


def test_keys_and_values_of_llava_by_hand():
    """Each further position of the prompt costs at least 2 × 32 layers × 4096 × 2 bytes."""
    one, two = (request_bytes(LLAVA, Load(prompt=p, new=1)) for p in (4000, 5000))
    cache = 1000 * 2 * 32 * 4096 * 2
    assert cache <= two - one <= 1.5 * cache


def test_what_is_named_fits_and_one_more_does_not():
    rng = fresh()
    for _ in range(50):
        load = Load(prompt=int(rng.integers(1, 3000)), new=int(rng.integers(2, 4000)))
        whole = request_bytes(LLAVA, load)
        limit = int(rng.uniform(0.3, 0.999) * whole)
        fits = most_new_tokens(LLAVA, load, limit)
        assert 0 <= fits < load.new
        if fits:
            assert request_bytes(LLAVA, Load(prompt=load.prompt, new=fits)) <= limit
        assert request_bytes(LLAVA, Load(prompt=load.prompt, new=fits + 1)) > limit
        with pytest.raises(TooMuchMemory) as refused:
            admit(LLAVA, load, limit)
        assert refused.value.members == {"max_new_tokens": fits}
        admit(LLAVA, load, whole)


def test_a_refusal_names_a_number_that_is_then_taken(client, services, png, monkeypatch):
    small = services.settings.model_copy(update={"request_bytes": 600_000})
    monkeypatch.setitem(services.__dict__, "settings", small)
    refused = post(client, png, max_new_tokens="1000")
    assert refused.status_code == 413
    assert refused.headers["content-type"] == "application/problem+json"
    fits = refused.json()["max_new_tokens"]
    assert 0 < fits < 1000
    assert f"max_new_tokens={fits}" in refused.json()["detail"]
    again = post(client, png, max_new_tokens=str(fits + 1))
    assert again.status_code == 413
    taken = post(client, png, max_new_tokens=str(fits))
    assert taken.status_code == 202
    finished(client, taken)
