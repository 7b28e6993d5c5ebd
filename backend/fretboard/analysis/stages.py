"""Stages into the document: the arrays of a lens and the thresholds → tokens and nodes.

Free of torch: what is stored is staged anew for another lens or other thresholds on the spot.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from fretboard.analysis.arrays import Arrays
from fretboard.analysis.stories import story
from fretboard.core.analysis import Analysis, Flag, Stages, Status, Token, TokenReversal
from fretboard.core.errors import InputError
from fretboard.core.reading import Lens, Reading, StageMethod, Thresholds
from fretboard.core.vocabulary import Vocabulary
from fretboard.core.words import merge_words
from fretboard.lens.flags import lead_score
from fretboard.lens.stages import Reversal as Lead
from fretboard.lens.stages import StageReport, TokenStages, detect

ARRAYS_NEEDED = ("jsd", "probability", "rank", "top_ids", "top_probabilities")


def as_read(arrays: Arrays, analysis: Analysis, reading: Reading) -> Analysis:
    """The finished document, staged anew where the lens, method or a threshold differs."""
    if analysis.status is not Status.DONE or not analysis.tokens:
        return analysis
    base = reading.under(analysis.request.lens).lens.base
    if base is Lens.LATENT:  # of image positions alone: the answer stays as it was read
        return analysis
    known = analysis.stages
    chosen = (base, reading.stages, reading.as_dict())
    if known and (known.lens, known.method, known.thresholds) == chosen:
        return analysis
    needed = {name: arrays.named(analysis, name, base) for name in ARRAYS_NEEDED}
    return staged(analysis, needed, arrays.vocabulary(analysis), base, reading.stages, reading)


def staged(
    analysis: Analysis,
    arrays: Mapping[str, np.ndarray],
    vocabulary: Vocabulary,
    lens: Lens,
    method: StageMethod = StageMethod.AUTOMATIC,
    thresholds: Thresholds | None = None,
) -> Analysis:
    """The document with the stages of `arrays`, read through `lens` (not the difference).

    Raises InputError for a threshold that the model has no room for.
    """
    chosen = thresholds or Thresholds()
    try:
        report = detect(
            arrays["jsd"],
            arrays["probability"],
            arrays["rank"],
            arrays["top_ids"][..., 0],
            chosen,
            method.value,
            mixed_last_pair=lens == Lens.RAW,
        )
    except ValueError as error:
        raise InputError(str(error)) from error
    flags = _flags(analysis.tokens, arrays, report, chosen.flag_score, vocabulary)
    tokens = []
    for t, (token, of_token) in enumerate(zip(analysis.tokens, report.tokens, strict=True)):
        known = _with_stages(token, of_token, flags.get(token.index), vocabulary)
        leader = vocabulary.text(int(arrays["top_ids"][-1, t, 0]))
        tokens.append(known.model_copy(update={"story": story(known, leader)}))
    stages = _nodes(report, lens, method, chosen)
    return analysis.model_copy(update={"tokens": tokens, "stages": stages})


def _flags(
    tokens: Sequence[Token],
    arrays: Mapping[str, np.ndarray],
    report: StageReport,
    threshold: float,
    vocabulary: Vocabulary,
) -> dict[int, Flag]:
    """Index of the token → its flag, for the tokens of content words."""
    words = merge_words([token.text for token in tokens])
    flags = {}
    for t in (t for word in words if word.kind == "content" for t in word.tokens):
        score = lead_score(
            arrays["probability"][:, t],
            arrays["top_ids"][:, t, 0],
            arrays["top_probabilities"][:, t, 0],
            report.critical_depth,
            report.tokens[t].emergence,
        )
        if score is not None:
            lead = _named(score.lead, vocabulary)
            flags[t] = Flag(score=score.score, flagged=score.score >= threshold, lead=lead)
    return flags


def _named(lead: Lead | None, vocabulary: Vocabulary) -> TokenReversal | None:
    if lead is None:
        return None
    return TokenReversal(rival_text=vocabulary.text(lead.rival_id), **vars(lead))


def _with_stages(
    token: Token, stages: TokenStages, flag: Flag | None, vocabulary: Vocabulary
) -> Token:
    return token.model_copy(
        update={
            "token_class": stages.token_class,
            "emergence": stages.emergence,
            "mutation_depth": stages.mutation_depth,
            "reversal": _named(stages.reversal, vocabulary),
            "flag": flag,
        }
    )


def _nodes(report: StageReport, lens: Lens, method: StageMethod, thresholds: Thresholds) -> Stages:
    return Stages(
        method=method,
        lens=lens,
        verdict=report.verdict,
        reason=report.objection and f"No stages found: {report.objection}.",
        critical_depth=report.critical_depth,
        critical_interval=report.critical_interval,
        probability_depth=report.probability_depth,
        thresholds=thresholds.as_dict(),
    )
