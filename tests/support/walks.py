"""Every route below a record that reads, walked as the API's document has them."""

import itertools
import re

from fretboard.core.arrays import ARRAYS as CATALOGUE

# What a route needs besides an id; every value of a list is tried.
FILLED = {
    "token": 0, "depth": 1, "patch": 0, "word": "red", "k": 2, "method": "pca",
    "kind": ["trajectory", "dispersion"],
}  # fmt: skip
NAMES = {
    "/api/analyses/ID/figures/{name}": [
        "fretboard", "competition", "divergence", "profile", "trajectory",
    ],
    "/api/analyses/ID/arrays/{name}": list(CATALOGUE),
    "/api/trajectories/ID/figures/{name}": ["trajectory", "dispersion"],
    "/api/trajectories/ID/arrays/{name}": ["hidden_states", "points", "profile"],
    "/api/experiments/ID/arrays/{name}": ["log_probability"],
}  # fmt: skip
FORMATS = ["zip", "html", "ipynb"]  # a BibTeX entry needs no record


def requests(client, kind, record_id):
    """(method, path, query) of every route below a record that reads, as the document has them."""
    for path, methods in client.app.openapi()["paths"].items():
        if not path.startswith(f"/api/{kind}/{{") or "get" not in methods:
            continue
        parameters = methods["get"].get("parameters", [])
        query = {p["name"]: FILLED[p["name"]] for p in parameters if p["name"] in FILLED}
        query |= {"token": 0} if "token" in query else {}
        kinds = FORMATS if path.endswith("export.{kind}") else query.pop("kind", [""])
        for name, map_kind in itertools.product(
            NAMES.get(re.sub(r"\{(?!name)\w+\}", "ID", path), [""]), kinds
        ):
            place = path.replace("{name}", name).replace("{kind}", map_kind)
            yield re.sub(r"\{\w+\}", record_id, place), query


def walk(client, kind, record_id):
    """Status of every reading route of the record; none may be a fault of the server."""
    told = {}
    for place, query in requests(client, kind, record_id):
        answer = client.get(place, params=query)
        assert answer.status_code < 500, (place, answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["detail"]
        told[place] = answer.status_code
    assert len(told) > 3
    return told
