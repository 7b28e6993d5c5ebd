"""Calls of causal tests, for tests of their API."""

import io

import numpy as np
from PIL import Image

from tests.support.api_calls import read_events
from tests.support.images import encode
from tests.support.random_data import fresh

URL = "/api/experiments"


def noise():
    pixels = fresh().integers(0, 255, (20, 20, 3), dtype=np.uint8)
    return encode(Image.fromarray(pixels), "PNG")


def ask(client, analysis, kind, **fields):
    return client.post(URL, data={"analysis": analysis["id"], "kind": str(kind)} | fields)


def followed(client, response):
    """The document at the end, and the events until then."""
    assert response.status_code in (200, 202), response.text
    place = f"{URL}/{response.json()['id']}"
    with client.stream("GET", f"{place}/events") as stream:
        events = list(read_events(stream))
    return client.get(place).json(), events


def array(client, document, name):
    response = client.get(f"{URL}/{document['id']}/arrays/{name}")
    assert response.status_code == 200, response.text
    return np.load(io.BytesIO(response.content))
