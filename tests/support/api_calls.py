"""Calls of the contract, and the numbers that an independent float64 forward gives."""

import io
import json

import numpy as np
import torch
from scipy.special import log_softmax

from tests.support.tiny_models import make_llava

PROMPT = "what is the colour ?"


def post(client, image=None, **fields):
    files = {"image": ("x.png", image)} if image is not None else None
    return client.post("/api/analyses", data={"prompt": PROMPT} | fields, files=files)


def finished(client, response):
    """Follow the events to the end; the document."""
    analysis_id = response.json()["id"]
    with client.stream("GET", f"/api/analyses/{analysis_id}/events") as stream:
        events = list(read_events(stream))
    document = client.get(f"/api/analyses/{analysis_id}").json()
    assert events[-1][0] in ("done", "failed")
    assert document["status"] == events[-1][0]
    return document, events


def read_events(stream):
    kind = None
    for line in stream.iter_lines():
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield kind, json.loads(line.removeprefix("data: "))


def array(client, document, name, **params):
    response = client.get(f"/api/analyses/{document['id']}/arrays/{name}", params=params)
    assert response.status_code == 200, response.text
    return np.load(io.BytesIO(response.content))


def reference(document, image, raw=False):
    """float64 log-probabilities (depth, token, V) and pre-norm states, by a plain forward."""
    model, processor = make_llava()
    model = model.double()
    message = [{"type": "image"}, {"type": "text", "text": PROMPT}]
    text = processor.apply_chat_template(
        [{"role": "user", "content": message}], add_generation_prompt=True
    )
    inputs = processor(images=image, text=text, return_tensors="pt")
    ids = torch.tensor([[token["id"] for token in document["tokens"]]])
    start = inputs["input_ids"].shape[1] - 1
    states = []
    norm = model.model.language_model.norm
    norm.register_forward_pre_hook(lambda _m, args: states.append(args[0]))
    with torch.inference_mode():
        out = model(
            input_ids=torch.cat([inputs["input_ids"], ids[:, :-1]], 1),
            pixel_values=inputs["pixel_values"].double(),
            output_hidden_states=True,
        )
        hidden = torch.stack([*out.hidden_states[:-1], states[0]])[:, 0, start:]
        normed = norm(hidden)
        read = torch.cat([hidden[:-1], normed[-1:]]) if raw else normed
        logits = model.lm_head(read)
    return log_softmax(logits.numpy(), axis=-1), hidden.numpy()
