"""The image positions of an analysis, read out on demand: one pass over its prompt and image.

Their states are not part of the record: for LLaVA-1.5 they are 155 MB, and a pass is cheap. Runs
the model, so it is called where generations are, one at a time.
"""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from fretboard.core.analysis import Analysis
from fretboard.core.arrays import TOP_K, Derived
from fretboard.core.errors import InputError
from fretboard.core.fitted_lens import Span
from fretboard.core.repair import settled
from fretboard.engine.analyze import Pipeline
from fretboard.engine.repair import make_repair
from fretboard.lens.readout import leaders, word_probability
from fretboard.model.grid import patch_grid
from fretboard.model.inputs import build_inputs
from fretboard.model.patches import patch_states

STATES_KEPT_BYTES = 512_000_000  # LLaVA-1.5 in float32 has 311 MB; more crops are passed again


class PatchReader:
    """Derives the patch kinds; keeps the states last read, for the next word of the same image."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._checkpoint, self._store = pipeline.checkpoint, pipeline.store
        self._kept: tuple[str, Tensor] | None = None

    def derive(self, analysis: Analysis, derived: Derived) -> dict[str, np.ndarray]:
        """Arrays of a patch kind. Raises InputError where the analysis has no image.

        patch-grid: `rectangles` (patch, 4), `level` (patch,), see `model/grid.py`; patches:
        `top_ids`, `top_probabilities` (depth, patch, k), `entropy` (depth, patch) in nats;
        patch-word: `probability` (depth, patch) of the word with the id `wanted.token`.
        """
        image = self._store.image_of(analysis)
        if image is None:
            raise InputError("This analysis was asked without an image: there are no patches.")
        if derived.kind == "patch-grid":
            grid = patch_grid(self._checkpoint, analysis.request.prompt, image)
            return {"rectangles": grid.rectangles.float().numpy(), "level": grid.level.numpy()}
        lens = self._pipeline.lens(derived.lens.base, Span.IMAGE)
        states = self._states(analysis, image)
        if derived.kind == "patch-word":
            return {"probability": word_probability(lens, states, derived.token)}
        return leaders(lens, states, TOP_K)

    def _states(self, analysis: Analysis, image: Image.Image) -> Tensor:
        """(L+1, patches, width) on the CPU."""
        if self._kept is not None and self._kept[0] == analysis.id:
            return self._kept[1]
        self._kept = None
        states = self._pass(analysis, image).cpu()
        if states.nbytes <= STATES_KEPT_BYTES:
            self._kept = analysis.id, states
        return states

    @torch.inference_mode()
    def _pass(self, analysis: Analysis, image: Image.Image) -> Tensor:
        request, checkpoint = analysis.request, self._checkpoint
        inputs = build_inputs(checkpoint, request.prompt, image, None)
        how = settled(request.repair, len(checkpoint.anatomy.layers))
        repair = make_repair(checkpoint, request, how, inputs, image)
        with repair.hooked():  # a repair that damps layers damps them at the image positions too
            skips = request.skip_layers, request.skip_when
            return patch_states(checkpoint, inputs, *skips, self._pipeline.changes(request))
