"""What the page offers before anything is asked: world sets and the parameters of maps."""

import io

from PIL import Image

from fretboard.core.map_settings import MapSettings
from fretboard.tiny_llava.world.sets import SETS


def test_every_world_set_is_listed_with_a_strip_of_its_pictures(client):
    listed = client.get("/api/world-sets").json()
    assert [entry["name"] for entry in listed] == list(SETS)
    for entry, one in zip(listed, SETS.values(), strict=True):
        assert (entry["prompt"], entry["token"]) == (one.prompt, one.token)
        assert entry["images"] == len(one.images())
        response = client.get(entry["strip_url"])
        strip = Image.open(io.BytesIO(response.content))
        assert strip.width % strip.height == 0
        first = one.images()[0][1].resize((strip.height, strip.height))
        corner = strip.crop((0, 0, strip.height, strip.height))
        assert corner.tobytes() == first.convert("RGB").tobytes()


def test_another_name_is_no_world_set(client):
    response = client.get("/api/world-sets/nonsense/strip.png")
    assert response.status_code == 404
    assert "nonsense" in response.json()["detail"]


def test_map_presets_are_those_a_map_is_made_with(client):
    told = client.get("/api/map-presets").json()
    assert MapSettings(**told["default"]) == MapSettings()
    assert told["paper_images"]["perplexity"] != told["paper_tokens"]["perplexity"]
    low, high = told["ranges"]["perplexity"]
    for outside in (low - 0.5, high + 1):
        try:
            MapSettings(perplexity=outside)
        except ValueError:
            continue
        raise AssertionError(f"a perplexity of {outside} was taken")


def test_the_page_answers_at_the_address_of_a_set(client):
    page = client.get("/t/0123")
    assert page.status_code in (200, 503)  # 503: not built here
    assert page.content == client.get("/").content
