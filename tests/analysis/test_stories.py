"""Every story agrees with the arrays of the lens that is read, whatever they are."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fretboard.analysis.stages import as_read
from fretboard.core.analysis import Analysis, ModelInfo, Status, Token
from fretboard.core.question import AnalysisRequest
from fretboard.core.reading import Lens, Reading
from fretboard.core.vocabulary import Vocabulary
from tests.support.tiny_models import make_tokenizer

VOCABULARY = Vocabulary(make_tokenizer().backend_tokenizer.to_str())
WORDS = ("cat", "red", "dog")
IDS = tuple(VOCABULARY.word(word).token_id for word in WORDS)
NAMES = [VOCABULARY.text(token_id).strip() for token_id in IDS]
LED = re.compile(
    r"“(?P<rival>.+)” led (?:at depth (?P<at>\d+)|from depth (?P<first>\d+) to (?P<last>\d+)); "
    r"“(?P<text>.+)” took over at (?P<over>\d+)\. A late reversal is evidence for a hallucination, "
    r"not proof\."
)
LEADS = re.compile(
    r"“(?P<text>.+)” leads from depth (?P<first>\d+) (?:on|to the end)"
    r"(?:; its distribution shifts once more at depth (?P<shift>\d+)|(?P<settled>, without a late "
    r"shift)|)\."
)
NEVER = re.compile(r"“(?P<text>.+)” does not lead at the last depth; “(?P<leader>.+)” does\.")


class ArraysOfLens:
    """What `as_read` needs of Arrays, from distributions (L+1, T, words) under two lenses."""

    def __init__(self, shares: dict[Lens, np.ndarray], emitted: np.ndarray):
        self.shares, self.emitted = shares, emitted

    def vocabulary(self, _analysis: Analysis) -> Vocabulary:
        return VOCABULARY

    def named(self, _analysis: Analysis, name: str, lens: Lens) -> np.ndarray:
        p = self.shares[lens]
        own = np.take_along_axis(
            p, np.broadcast_to(self.emitted[None, :, None], (*p.shape[:2], 1)), 2
        )
        order = np.argsort(-p, axis=2, kind="stable")
        mixed = (p[:-1] + p[1:]) / 2
        kl = (p[:-1] * np.log(p[:-1] / mixed) + p[1:] * np.log(p[1:] / mixed)).sum(axis=2) / 2
        return {
            "probability": own[..., 0],
            "rank": (p > own).sum(axis=2) + 1,
            "top_ids": np.array(IDS)[order],
            "top_probabilities": np.take_along_axis(p, order, 2),
            "jsd": np.maximum(kl, 0),
        }[name]


@st.composite
def answers(draw):
    """(analysis, arrays): now and then with stages and rivals, as often with neither."""
    seed = draw(st.integers(0, 2**32 - 1))
    layers, tokens = draw(st.integers(4, 24)), draw(st.integers(3, 8))
    random = np.random.default_rng(seed)
    emitted = random.integers(0, len(IDS), tokens)
    shares = {lens: _shares(random, layers, emitted) for lens in (Lens.NORMED, Lens.RAW)}
    listed = [
        Token(
            index=t, id=IDS[i], text=f" {NAMES[i]}", probability=1, log_probability=0, rank=1,
            entropy=0,
        )
        for t, i in enumerate(emitted.tolist())
    ]  # fmt: skip
    model = ModelInfo(name="m", revision="r", family="f", layers=layers, width=8, vocabulary=320)
    request = AnalysisRequest(prompt="p", model="m")
    document = Analysis(id="a", request=request, model=model, tokens=listed, status=Status.DONE)
    return document, ArraysOfLens(shares, emitted)


def _shares(random, layers, emitted):
    """Logits that a critical depth and a late turn shape, but for noise of any size."""
    critical = int(random.integers(1, layers))
    logits = np.zeros((layers + 1, len(emitted), len(IDS)))
    for t, own in enumerate(emitted):
        turn = int(random.integers(critical, layers + 2))
        logits[critical:turn, t, random.integers(0, len(IDS))] = random.uniform(1, 8)
        logits[max(turn, critical) :, t, own] = random.uniform(2, 9)
    logits += random.normal(0, random.choice([0.0, 0.1, 2.0]), logits.shape)
    p = np.exp(logits)
    return p / p.sum(axis=2, keepdims=True)


@pytest.mark.parametrize("lens", [Lens.NORMED, Lens.RAW, Lens.DIFFERENCE])
@given(answer=answers(), critical=st.one_of(st.none(), st.integers(1, 3)))
@settings(deadline=None, max_examples=60)
def test_stories_agree_with_the_arrays(lens, answer, critical):
    document, arrays = answer
    reading = Reading(lens=lens, critical_depth=critical, resamples=20)
    told = as_read(arrays, document, reading)
    assert told.stages.lens == lens.base
    rank, top = (arrays.named(document, name, lens.base) for name in ("rank", "top_ids"))
    assert {t.story is None for t in told.tokens} == {False}
    for token in told.tokens:
        _check(token, rank[:, token.index], top[:, token.index, 0], told.stages)


def _check(token, rank, leaders, stages):
    """The sentence says what the arrays say: who leads, from where, and what follows."""
    ahead = rank == 1
    if match := NEVER.fullmatch(token.story):
        assert not ahead[-1]
        assert match["leader"] == VOCABULARY.text(int(leaders[-1])).strip()
    elif match := LEADS.fullmatch(token.story):
        first = int(match["first"])
        assert ahead[first:].all()
        assert first == 0 or not ahead[first - 1]
        assert bool(match["settled"]) == (token.token_class == "stable")
        assert (int(match["shift"]) if match["shift"] else None) == token.mutation_depth
        if stages.verdict == "none":
            assert not match["shift"]
            assert not match["settled"]
    else:
        match = LED.fullmatch(token.story)
        assert match, token.story
        over = int(match["over"])
        first, last = (int(match[k] or match["at"]) for k in ("first", "last"))
        names = [VOCABULARY.text(int(i)).strip() for i in leaders]
        assert set(names[first : last + 1]) == {match["rival"]}
        assert first == 0 or names[first - 1] != match["rival"]
        assert last < over
        assert ahead[over:].all()
        assert not ahead[over - 1]
        assert stages.verdict != "none"
    assert match["text"] == token.text.strip()


def test_words_that_cannot_be_seen_are_named():
    from fretboard.analysis.stories import story

    line_end = Token(
        index=0, id=1, text="\n", probability=1, log_probability=0, rank=1, entropy=0, emergence=3
    )
    assert story(line_end, "\n") == "“↵” leads from depth 3 to the end."
