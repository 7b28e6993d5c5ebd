"""Settings of maps: the paper's presets, and what is outside a range."""

import pytest

from fretboard.core.errors import InputError
from fretboard.core.map_settings import MapSettings, paper_settings
from fretboard.core.validation import validated


def test_the_papers_presets():
    for strings, perplexity in (("tokens", 40), ("images", 35)):
        paper = paper_settings(strings)
        assert (paper.method, paper.dimensions, paper.perplexity) == ("tsne", 2, perplexity)
        assert (paper.learning_rate, paper.iterations, paper.seed) == (200, 2000, 0)
        assert (paper.scaling, paper.drop_first_depth) == ("max-abs", True)
        assert (paper.pca_dimensions, paper.tolerance) == (None, 0)
    with pytest.raises(ValueError, match="choose tokens or images"):
        paper_settings("words")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("method", "isomap", "'tsne', 'umap' or 'pca'"),
        ("dimensions", 4, "less than or equal to 3"),
        ("scaling", "log", "'none', 'max-abs' or 'standard'"),
        ("start", "spectral", "'pca' or 'random'"),
        ("perplexity", 0, "greater than or equal to 1"),
        ("perplexity", float("nan"), "less than or equal to 500"),
        ("perplexity", "many", "a valid number"),
        ("learning_rate", -1, "greater than or equal to 1"),
        ("iterations", 100, "greater than or equal to 250"),
        ("iterations", 300.5, "a valid integer"),
        ("n_neighbors", 1, "greater than or equal to 2"),
        ("min_dist", 1.5, "less than or equal to 1"),
        ("seed", -1, "greater than or equal to 0"),
        ("pca_dimensions", 2, "greater than or equal to 3"),
        ("drop_first_depth", "perhaps", "a valid boolean"),
    ],
)
def test_settings_outside_their_range_say_what_to_choose(field, value, words):
    with pytest.raises(InputError, match=f"{field}: input should be .*{words}"):
        validated(MapSettings, {field: value})
