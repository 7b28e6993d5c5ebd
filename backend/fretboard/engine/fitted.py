"""The lenses that were fitted for one revision of a model: found, read once, put to use."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from fretboard.core.errors import InputError
from fretboard.core.fitted_lens import FittedKind, LensRecipe, Span
from fretboard.core.reading import Lens
from fretboard.lens.latent import LatentLens
from fretboard.lens.readout import LogitLens, VocabularyLens
from fretboard.lens.translation import Translation
from fretboard.model.anatomy import Anatomy
from fretboard.store.fitted_lenses import find_lens, fit_mark, read_lens
from fretboard.tiny_llava import LENSES

Read = tuple[LensRecipe, dict[str, np.ndarray]]


@dataclass
class FittedLenses:
    """Of the model called `model`: its own in `folder`, else those that are shipped."""

    model: str
    revision: str
    folder: Path
    _read: dict[FittedKind, tuple[str, Read]] = field(default_factory=dict)
    """With the mark of the fit: a new one is read anew."""
    _translations: dict[tuple[FittedKind, Span], tuple[Read, Translation]] = field(
        default_factory=dict
    )

    def make(self, anatomy: Anatomy, kind: Lens, span: Span) -> VocabularyLens:
        """The lens for states at `span`. Raises InputError where none is fitted for them."""
        if kind is Lens.JACOBIAN or kind is Lens.TUNED:
            translation = self.translation(anatomy, kind, span)
            return LogitLens(
                anatomy.normed, anatomy.logits, anatomy.vocabulary, translate=translation
            )
        if span is not Span.IMAGE:
            raise InputError(
                "The latent lens reads image positions alone, not the answer's words. Read those "
                "with normed, raw, jacobian or tuned."
            )
        return self._latent(anatomy)

    def translation(self, anatomy: Anatomy, kind: FittedKind, span: Span) -> Translation:
        """The lens's maps for states at `span`. Raises InputError where none is fitted."""
        read = self.read(kind)
        known = self._translations.get((kind, span))
        if known is None or known[0] is not read:
            arrays = read[1]
            if f"{span}.weight" not in arrays:
                raise InputError(
                    f"The {kind} lens of {self.model} was not fitted at the {span} positions. Fit "
                    f"it again: {self._command(kind)}."
                )
            bias = arrays.get(f"{span}.bias")
            known = self._translations[kind, span] = (
                read,
                Translation(
                    _tensor(anatomy, arrays[f"{span}.weight"]),
                    None if bias is None else _tensor(anatomy, bias),
                ),
            )
        return known[1]

    def _latent(self, anatomy: Anatomy) -> LatentLens:
        arrays = self.read(Lens.LATENT)[1]
        return LatentLens(
            _tensor(anatomy, arrays["image.states"]),
            torch.from_numpy(arrays["image.ids"].astype(np.int64)).to(anatomy.device),
            LogitLens(anatomy.normed, anatomy.logits, anatomy.vocabulary),
        )

    def read(self, kind: FittedKind) -> Read:
        """How the lens came about, and its arrays. Raises InputError where none is fitted."""
        folders = (self.folder, LENSES)
        mark = fit_mark(folders, self.revision, (kind,))
        known = self._read.get(kind)
        if known is None or known[0] != mark:
            path = find_lens(folders, self.revision, kind)
            if path is None:
                raise InputError(
                    f"No {kind} lens is fitted for {self.model} ({self.revision[:12]}). Fit one "
                    f"with: {self._command(kind)}; it is kept in {self.folder} (FRETBOARD_LENSES)."
                )
            known = self._read[kind] = mark, read_lens(path)
        return known[1]

    def _command(self, kind: FittedKind) -> str:
        material = "--captions FILE" if kind is Lens.LATENT else "--images FOLDER"
        return f"fretboard lens fit {self.model} --kind {kind} {material}"


def _tensor(anatomy: Anatomy, array: np.ndarray) -> torch.Tensor:
    """Where the final norm is, in float32 on a CPU, which is slow in half precision."""
    dtype = torch.float32 if anatomy.device.type == "cpu" else anatomy.dtype
    return torch.from_numpy(array.astype(np.float32)).to(anatomy.device, dtype)
