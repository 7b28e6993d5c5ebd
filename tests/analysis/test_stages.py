"""Stages and flags from hand-made arrays: which words are scored, and what is said of them."""

import numpy as np
import pytest

from fretboard.analysis.stages import staged
from fretboard.core.analysis import Analysis, ModelInfo, Token
from fretboard.core.question import AnalysisRequest
from fretboard.core.reading import Lens, Thresholds
from fretboard.core.vocabulary import Vocabulary
from tests.support.random_data import fresh
from tests.support.tiny_models import make_tokenizer

LAYERS, CRITICAL, TAKEOVER = 12, 6, 11
TEXTS = (" The", " dog", " is", " red", ".", "</s>")


@pytest.fixture
def analysis() -> Analysis:
    tokens = [
        Token(index=i, id=i, text=text, probability=1, log_probability=0, rank=1, entropy=0)
        for i, text in enumerate(TEXTS)
    ]
    model = ModelInfo(name="m", revision="r", family="f", layers=LAYERS, width=8, vocabulary=320)
    request = AnalysisRequest(prompt="p", model="m")
    return Analysis(id="a1", request=request, model=model, tokens=tokens)


def overturned(rival: int, lead: float) -> dict[str, np.ndarray]:
    """Every token's rival leads by `lead` from depth 2 until the take-over."""
    late = np.arange(LAYERS + 1) >= TAKEOVER
    ids = np.where(late[:, None], np.arange(len(TEXTS)), rival)
    ids[:2] = np.arange(len(TEXTS))
    behind = ids != np.arange(len(TEXTS))
    return {
        "jsd": fresh().uniform(0, 0.6, (LAYERS, len(TEXTS))),
        "probability": np.where(behind, 0.9 - lead, 0.9),
        "rank": np.where(behind, 2, 1),
        "top_ids": ids[..., None],
        "top_probabilities": np.full((*ids.shape, 1), 0.9),
    }


def test_content_words_alone_are_scored_and_the_rival_is_named(analysis):
    vocabulary = Vocabulary(make_tokenizer().backend_tokenizer.to_str())
    rival = vocabulary.word("cat").token_id
    lead = float(fresh().uniform(0.2, 0.9))
    score = lead * (TAKEOVER - CRITICAL) / (LAYERS - CRITICAL)
    for threshold, flagged in ((score - 0.01, True), (score + 0.01, False)):
        chosen = Thresholds(critical_depth=CRITICAL, flag_score=threshold)
        found = staged(
            analysis, overturned(rival, lead), vocabulary, Lens.NORMED, thresholds=chosen
        )
        flags = [token.flag for token in found.tokens]
        assert [flag is not None for flag in flags] == [False, True, False, True, False, False]
        for flag in filter(None, flags):
            assert flag.score == pytest.approx(score)
            assert flag.flagged == flagged
            assert (flag.lead.rival_id, flag.lead.rival_text) == (rival, vocabulary.text(rival))
            spans = (flag.lead.from_depth, flag.lead.to_depth, flag.lead.overturned_at)
            assert spans == (2, TAKEOVER - 1, TAKEOVER)
