"""Stages into the document: the arrays of a lens and the thresholds → tokens and nodes.

Free of torch: what is stored is staged anew for another lens or other thresholds on the spot.
"""

from collections.abc import Mapping

import numpy as np

from fretboard.document import Analysis, Reversal, Stages, Token
from fretboard.errors import InputError
from fretboard.lens.stages import StageReport, Thresholds, TokenStages, detect
from fretboard.request import Lens, StageMethod
from fretboard.vocabulary import Vocabulary

ARRAYS_NEEDED = ("jsd", "probability", "rank", "top_ids")


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
    tokens = [
        _with_stages(token, told, vocabulary)
        for token, told in zip(analysis.tokens, report.tokens, strict=True)
    ]
    stages = _nodes(report, lens, method, chosen)
    return analysis.model_copy(update={"tokens": tokens, "stages": stages})


def _with_stages(token: Token, told: TokenStages, vocabulary: Vocabulary) -> Token:
    reversal = None
    if told.reversal is not None:
        text = vocabulary.text(told.reversal.rival_id)
        reversal = Reversal(rival_text=text, **vars(told.reversal))
    return token.model_copy(
        update={
            "token_class": told.token_class,
            "emergence": told.emergence,
            "mutation_depth": told.mutation_depth,
            "reversal": reversal,
        }
    )


def _nodes(report: StageReport, lens: Lens, method: StageMethod, thresholds: Thresholds) -> Stages:
    return Stages(
        method=method,
        lens=lens,
        critical_depth=report.critical_depth,
        critical_interval=report.critical_interval,
        probability_depth=report.probability_depth,
        thresholds=thresholds.as_dict(),
    )
