"""The bundled model: a tiny LLaVA, the world it was trained on, and its training.

``world`` draws scenes with full ground truth (no torch), ``dialogue`` talks about them,
the stages train the model, ``evaluation`` measures it. ``WEIGHTS`` loads like any LLaVA-1.5
checkpoint through ``AutoProcessor`` and ``AutoModelForImageTextToText``.
"""

from pathlib import Path

WEIGHTS = Path(__file__).parent / "weights"
GALLERY = Path(__file__).parent / "gallery"
LENSES = Path(__file__).parent / "lenses"
"""Fitted lenses by revision (`store/fitted_lenses.py`)."""
