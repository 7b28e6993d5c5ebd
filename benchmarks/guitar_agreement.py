"""How often the guitar's change point agrees with the critical depth, over many image sets.

    python benchmarks/guitar_agreement.py --variants 2 --output guitar.json

Every kind of the bundled world, `variants` sets of twelve scenes each, asked for the colour. The
dispersion is that of the colour word's states; the critical depth is the median over the twelve
answers, and beside it the critical depth of the twelve answers' tokens taken together.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from fretboard.analysis.image_sets import aligned_members, states_at
from fretboard.cli.options import drawn_world_settings
from fretboard.core.analysis import Analysis
from fretboard.core.image_set import ImageSet, Member, SetRequest
from fretboard.core.images import to_png
from fretboard.core.question import Question
from fretboard.engine.session import Session
from fretboard.lens.dispersion import disperse
from fretboard.lens.stages import critical_depth
from fretboard.store.analyses import ARRAYS, AnalysisStore
from fretboard.tiny_llava.world.scene import KINDS
from fretboard.tiny_llava.world.sets import WorldSet

NEW_TOKENS = 16


def agreement(session: Session, chosen: WorldSet) -> dict[str, Any]:
    """Dispersion's change point and the critical depths of one set."""
    members, store = [], session.store
    for name, image in chosen.images():
        analysis = session.analyze(
            Question(prompt=chosen.prompt, image=to_png(image), max_new_tokens=NEW_TOKENS)
        )
        members.append(Member(name=name, analysis_id=analysis.id))
    request = SetRequest(prompt=chosen.prompt, model=analysis.model.name, token=chosen.token)
    image_set = ImageSet(id="set", request=request, members=members)
    aligned = aligned_members(store, image_set, chosen.token)
    pairs = disperse(states_at(store, aligned))
    analyses = [analysis for analysis, _ in aligned]
    return {
        "kind": chosen.kind,
        "variant": chosen.variant,
        "images": len(aligned),
        "change_point": pairs.neck_end.depth,
        "interval": pairs.neck_end.interval,
        "neck": pairs.neck_end.neck,
        "body": pairs.neck_end.body,
        "explained": pairs.neck_end.explained,
        "control_rank": pairs.control.rank,
        "critical_median": statistics.median(_critical(analyses)),
        "critical_joint": _joint_critical(store, analyses),
    }


def _critical(analyses: list[Analysis]) -> list[int]:
    return [a.stages.critical_depth for a in analyses if a.stages and a.stages.critical_depth]


def _joint_critical(store: AnalysisStore, analyses: list[Analysis]) -> int | None:
    """Of all tokens of all answers: short answers alone say little."""
    jsd = [store.read_array(analysis.id, ARRAYS, "jsd") for analysis in analyses]
    return critical_depth(np.concatenate(jsd, axis=1))


def summary(sets: list[dict[str, Any]]) -> dict[str, Any]:
    """Shares of sets that agree within 0, 1 and 2 layers, against both critical depths."""
    parted = [member for member in sets if member["change_point"] is not None]
    figures: dict[str, Any] = {"sets": len(sets), "with_change_point": len(parted)}
    for name in ("critical_median", "critical_joint"):
        apart = np.array([member["change_point"] - member[name] for member in parted], dtype=float)
        figures[name] = {f"within_{d}": float((np.abs(apart) <= d).mean()) for d in (0, 1, 2)} | {
            "mean_difference": float(apart.mean()),
            "mean_absolute": float(np.abs(apart).mean()),
        }
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variants", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path("guitar.json"))
    options = parser.parse_args()
    sets = []
    with tempfile.TemporaryDirectory() as folder:
        session = Session.open(drawn_world_settings(None), folder)
        for variant in range(options.variants):
            for kind in KINDS:
                sets.append(agreement(session, WorldSet(kind, kind, kind, variant=variant)))
                print(json.dumps(sets[-1]), flush=True)
                figures = {"summary": summary(sets), "sets": sets}
                options.output.write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(summary(sets), indent=1))


if __name__ == "__main__":
    main()
