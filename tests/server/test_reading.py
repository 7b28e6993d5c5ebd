"""How a client reads an analysis: difference lens, stages as asked, shared axes, other lenses."""

import numpy as np
import pytest

from fretboard.core.reading import Thresholds
from fretboard.lens.stages import detect
from tests.support.api_calls import array, finished, post, reference


@pytest.fixture
def document(client, png):
    made, _ = finished(client, post(client, png, max_new_tokens=8))
    assert made["status"] == "done", made["error"]
    return made


def get(client, document, path="", **params):
    return client.get(f"/api/analyses/{document['id']}{path}", params=params)


@pytest.mark.parametrize("divergence", ["jsd", "paper-code", "symmetric-kl"])
def test_the_difference_of_divergences_is_raw_minus_normed(client, document, divergence):
    got = {
        lens: array(client, document, "jsd", lens=lens, divergence=divergence).astype(float)
        for lens in ("raw", "normed", "difference")
    }
    np.testing.assert_allclose(got["difference"], got["raw"] - got["normed"], atol=1e-6)


def test_the_difference_agrees_with_float64_and_is_zero_at_the_end(client, document, random_image):
    raw, normed = (np.exp(reference(document, random_image, raw=raw)[0]) for raw in (True, False))
    ids = [token["id"] for token in document["tokens"]]
    change = raw - normed
    own = np.take_along_axis(change, np.array(ids)[None, :, None], -1)[..., 0]
    got = array(client, document, "probability", lens="difference")
    np.testing.assert_allclose(got, own, atol=2e-5)
    assert not got[-1].any()
    largest = array(client, document, "top_probabilities", lens="difference")
    np.testing.assert_allclose(np.abs(largest[..., 0]), np.abs(change).max(-1), atol=2e-5)
    curve = get(client, document, "/words", token=1, word="red", lens="difference").json()
    word = curve["words"][0]
    np.testing.assert_allclose(word["probability"], change[:, 1, word["token_id"]], atol=2e-5)


def test_half_depths_lie_between_the_stored_ones(client, document):
    layers = len(array(client, document, "jsd"))
    for name in ("probability", "entropy"):
        fine = array(client, document, name, sublayers="on")
        assert fine.shape == (2 * layers + 1, len(document["tokens"]))
        whole = array(client, document, name)
        np.testing.assert_allclose(fine[::2], whole, rtol=1e-5, atol=1e-6)
        assert not np.allclose(fine[1::2], whole[:-1], atol=1e-4)
    assert array(client, document, "jsd", sublayers="on").shape[0] == 2 * layers
    board = get(client, document, "/figures/fretboard", sublayers="on").json()
    assert board["layout"]["meta"]["rows"] == 2 * layers + 1
    assert "depth 0.5, between attention and MLP" in board["data"][0]["customdata"][1][0]
    curves = get(client, document, "/figures/competition", sublayers="on", token=1).json()
    fine = get(client, document, "/figures/divergence", sublayers="on", token=1).json()
    assert [curves["layout"]["xaxis"]["range"], fine["layout"]["xaxis"]["range"]] == [
        [0, layers],
        [0, layers],
    ]


def test_half_depths_are_of_the_logit_lens_and_of_the_whole_model(client, document, png):
    refused = get(client, document, "/arrays/probability", sublayers="on", lens="tuned")
    assert refused.status_code == 422
    assert "was fitted at whole depths" in refused.json()["detail"]
    cut, _ = finished(client, post(client, png, max_new_tokens=4, skip_layers="1"))
    refused = get(client, cut, "/figures/fretboard", sublayers="on")
    assert refused.status_code == 422
    assert "this one skipped some" in refused.json()["detail"]


def test_an_analysis_asked_for_the_difference_has_the_normed_tokens(client, png):
    normed, _ = finished(client, post(client, png, max_new_tokens=6))
    made, _ = finished(client, post(client, png, max_new_tokens=6, lens="difference"))
    assert made["tokens"] == normed["tokens"]
    default = array(client, made, "entropy")
    np.testing.assert_array_equal(default, array(client, normed, "entropy", lens="difference"))


def test_another_lens_of_the_same_question_is_not_generated_again(client, png, monkeypatch):
    first, _ = finished(client, post(client, png, max_new_tokens=7))

    def refuse(*_args, **_kwargs):
        raise AssertionError("generated again")

    monkeypatch.setattr("fretboard.engine.analyze.generate_together", refuse)
    second, events = finished(client, post(client, png, max_new_tokens=7, lens="raw"))
    assert second["status"] == "done", second["error"]
    assert second["id"] != first["id"]
    assert second["answer"] == first["answer"]
    assert [kind for kind, _ in events].count("token") == len(first["tokens"])
    for name in ("probability", "jsd", "top_ids"):
        np.testing.assert_array_equal(
            array(client, second, name), array(client, first, name, lens="raw")
        )
    assert second["stages"]["lens"] == "raw"


def test_stages_are_found_again_with_the_thresholds_asked(client, document):
    asked = {"mutation_min_jsd": 0.001, "mutation_sigmas": 0, "mutation_min_ratio": 1}
    told = get(client, document, lens="raw", **asked).json()
    arrays = {
        name: array(client, document, name, lens="raw")
        for name in ("jsd", "probability", "rank", "top_ids")
    }
    expected = detect(
        arrays["jsd"], arrays["probability"], arrays["rank"], arrays["top_ids"][..., 0],
        Thresholds(**asked), mixed_last_pair=True,
    )  # fmt: skip
    assert told["stages"]["critical_depth"] == expected.critical_depth
    assert told["stages"]["lens"] == "raw"
    assert told["stages"]["thresholds"]["mutation_min_jsd"] == 0.001
    found = [(token["class"], token["mutation_depth"]) for token in told["tokens"]]
    assert found == [(token.token_class, token.mutation_depth) for token in expected.tokens]
    assert get(client, document).json() == document  # the record keeps the defaults


def test_the_paper_preset_and_a_given_depth_reach_document_and_figures(client, document):
    paper = get(client, document, stages="paper").json()["stages"]
    assert (paper["method"], paper["critical_depth"]) == ("paper", 2)  # 18 of 32, of four layers
    figure = get(client, document, "/figures/divergence", token=1, critical_depth=3).json()
    notes = [note["text"] for note in figure["layout"]["annotations"]]
    assert "critical depth 3" in notes


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"critical_depth": 4}, "1 to 3"),
        ({"mutation_min_jsd": 2}, "mutation_min_jsd"),
        ({"stages": "tarot"}, "automatic"),
        ({"lens": "telescope"}, "normed"),
    ],
)
def test_readings_that_make_no_sense_are_explained(client, document, wrong, told):
    response = get(client, document, **wrong)
    assert response.status_code == 422
    assert told in response.json()["detail"]


def test_two_analyses_share_axes(client, document, png):
    other, _ = finished(client, post(client, png, max_new_tokens=3, prompt="and where is it ?"))
    ranges = []
    for one, two in ((document, other), (other, document)):
        figure = get(client, one, "/figures/fretboard", quantity="entropy", beside=two["id"]).json()
        ranges.append((figure["data"][0]["zmin"], figure["data"][0]["zmax"]))
    assert ranges[0] == ranges[1]
    profile = get(client, document, "/figures/profile", quantity="jsd", beside=other["id"]).json()
    means = [trace for trace in profile["data"] if trace.get("showlegend") is not False]
    names = [trace["name"][0] for trace in means if trace.get("name")]
    assert names == ["A", "B"]
    lenses = get(
        client, document, "/figures/profile", quantity="jsd", beside=document["id"],
        beside_lens="raw",
    ).json()  # fmt: skip
    assert "raw lens" in lenses["data"][-1]["name"]
    assert get(client, document, "/figures/fretboard", beside="0" * 32).status_code == 404
