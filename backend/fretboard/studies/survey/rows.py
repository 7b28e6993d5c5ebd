"""One Parquet row per token: the columns, and a finished analysis's rows."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fretboard.core.analysis import Analysis, Token
from fretboard.core.whole_file import replacing
from fretboard.core.words import Word, merge_words
from fretboard.studies.items import StudyItem
from fretboard.studies.truth.words import Verdict

ROW_GROUP = 20_000  # rows held in memory while the file is written

COLUMNS: dict[str, tuple[pa.DataType, str]] = {
    "record": (pa.int32(), "number of the item, from 0, in the order of IMAGES"),
    "item": (pa.string(), "the item's id: the annotation's, else the file's name"),
    "analysis": (pa.string(), "the analysis's id, as in a permalink"),
    "image": (pa.string(), "path of the picture"),
    "image_sha256": (pa.string(), "of the picture's bytes"),
    "prompt": (pa.string(), "what was asked"),
    "model": (pa.string(), ""),
    "revision": (pa.string(), "commit of the checkpoint, or hash of its files"),
    "lens": (pa.string(), "normed or raw"),
    "skip_layers": (pa.string(), "layers left out, such as 6,7; empty: none"),
    "repair": (pa.string(), "what it was decoded with, with its settings; empty: plainly"),
    "steering": (pa.string(), "what was done to the hidden states; empty: nothing"),
    "layers": (pa.int32(), "L; depths run from 0 to L"),
    "token": (pa.int32(), "index in the answer, from 0"),
    "token_id": (pa.int32(), ""),
    "text": (pa.string(), "the token's text, leading space kept"),
    "word_index": (pa.int32(), "index of the word in the answer, from 0"),
    "word": (pa.string(), "the whole word"),
    "word_kind": (pa.string(), "content or function"),
    "probability": (pa.float64(), "of the emitted token at depth L"),
    "entropy": (pa.float64(), "nats, at depth L"),
    "rank": (pa.int32(), "1 = leader, at depth L"),
    "emergence": (pa.int32(), "depth from which the token leads to the end"),
    "class": (pa.string(), "stable or mutation; null without stages"),
    "mutation_depth": (pa.int32(), "null for a stable token"),
    "reversal": (pa.bool_(), "a rival led through the stabilisation and lost"),
    "rival": (pa.string(), "that rival's text"),
    "rival_from": (pa.int32(), "first depth of its lead"),
    "rival_to": (pa.int32(), "last depth of its lead"),
    "overturned_at": (pa.int32(), "depth that overturned it"),
    "flag_score": (pa.float64(), "hallucination score, 0 to 1; null for function words"),
    "flagged": (pa.bool_(), "the score reaches the threshold; null where there is no score"),
    "stages": (pa.string(), "of the answer: stages, none, or given where not detected"),
    "no_stages": (pa.string(), "why there are none"),
    "critical_depth": (pa.int32(), "of the answer, by the JSD change point; null without stages"),
    "critical_low": (pa.int32(), "its interval over resampled tokens, lower end"),
    "critical_high": (pa.int32(), "upper end"),
    "probability_depth": (pa.int32(), "of the answer, by the rise of the mean probability"),
    "truth_kind": (pa.string(), "yes-no, objects, captions or scene; null without truth"),
    "truth_label": (pa.string(), "yes or no, where the truth is that"),
    "answer_correct": (pa.bool_(), "null where the truth does not tell"),
    "verdict": (pa.string(), "on the word: correct, hallucinated, wrong, unconfirmed or null"),
}
OF_TOKEN = ("text", "probability", "entropy", "rank", "emergence", "mutation_depth")
SCHEMA = pa.schema(
    [pa.field(name, kind, metadata={"note": note}) for name, (kind, note) in COLUMNS.items()]
)


def token_rows(record: int, item: StudyItem, analysis: Analysis) -> list[dict[str, Any]]:
    """Rows of one finished analysis, in the order of its tokens."""
    words = merge_words([token.text for token in analysis.tokens])
    common, verdicts = _answer_columns(record, item, analysis, words)
    return [
        common
        | _token_columns(analysis.tokens[at])
        | {"word_index": number, "word": word.text, "word_kind": word.kind}
        | {"verdict": verdicts[number]}
        for number, word in enumerate(words)
        for at in word.tokens
    ]


def _answer_columns(
    record: int, item: StudyItem, analysis: Analysis, words: list[Word]
) -> tuple[dict[str, Any], list[Verdict | None]]:
    """What all tokens of an answer share, and one verdict a word."""
    request, stages, truth = analysis.request, analysis.stages, item.truth
    interval = stages.critical_interval if stages else None
    judged = truth.judge(request.prompt, analysis.answer or "", words) if truth else None
    columns = {
        "record": record,
        "item": item.id,
        "analysis": analysis.id,
        "image": str(item.image),
        "image_sha256": request.image.sha256 if request.image else None,
        "prompt": request.prompt,
        "model": analysis.model.name,
        "revision": analysis.model.revision,
        "lens": request.lens.value,
        "skip_layers": ",".join(map(str, request.skip_layers)),
        "repair": str(analysis.repair or ""),
        "steering": str(request.steering or ""),
        "layers": analysis.model.layers,
        "stages": stages.verdict if stages else None,
        "no_stages": stages.reason if stages else None,
        "critical_depth": stages.critical_depth if stages else None,
        "critical_low": interval[0] if interval else None,
        "critical_high": interval[1] if interval else None,
        "probability_depth": stages.probability_depth if stages else None,
        "truth_kind": truth.kind if truth else None,
        "truth_label": truth.label if truth else None,
        "answer_correct": judged.answer_correct if judged else None,
    }
    return columns, judged.verdicts if judged else [None] * len(words)


def _token_columns(token: Token) -> dict[str, Any]:
    reversal = token.reversal
    return {name: getattr(token, name) for name in OF_TOKEN} | {
        "token": token.index,
        "token_id": token.id,
        "class": token.token_class,
        "reversal": reversal is not None,
        "rival": reversal.rival_text if reversal else None,
        "rival_from": reversal.from_depth if reversal else None,
        "rival_to": reversal.to_depth if reversal else None,
        "overturned_at": reversal.overturned_at if reversal else None,
        "flag_score": token.flag.score if token.flag else None,
        "flagged": token.flag.flagged if token.flag else None,
    }


def write_rows(path: Path, groups: Iterable[list[dict[str, Any]]]) -> int:
    """Write all rows to `path`, which is replaced at once when whole; returns their number."""
    total = 0
    with replacing(path) as partial, pq.ParquetWriter(partial, SCHEMA) as writer:
        waiting: list[dict[str, Any]] = []
        for rows in groups:
            waiting += rows
            if len(waiting) >= ROW_GROUP:
                total += _flush(writer, waiting)
                waiting = []
        total += _flush(writer, waiting)
    return total


def _flush(writer: pq.ParquetWriter, rows: list[dict[str, Any]]) -> int:
    writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
    return len(rows)
