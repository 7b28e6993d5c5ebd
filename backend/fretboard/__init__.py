"""Fretboard: how a vision-language model's answer takes shape, layer by layer.

>>> import fretboard as fb
>>> m = fb.load()
>>> a = m.analyze("photo.png", "What is the color of the dog?")
>>> a.heatmap()  # doctest: +ELLIPSIS
Figure({...

Importing this is quick: torch comes with `load` and `wrap` alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fretboard.core import errors
    from fretboard.core.analysis import Token
    from fretboard.core.question import Question
    from fretboard.core.reading import Reading
    from fretboard.face.analysis_view import AnalysisView as Analysis
    from fretboard.face.comparison import Comparison
    from fretboard.face.entry import compare, connect, examples, load, open, wrap
    from fretboard.face.model_view import Model
    from fretboard.face.server import Server
    from fretboard.face.set_view import ImageSetView as ImageSet
    from fretboard.face.test_view import CausalTestView as CausalTest
    from fretboard.studies.survey.run import Survey

__version__ = "0.1.0"
__all__ = [
    "Analysis",
    "CausalTest",
    "Comparison",
    "ImageSet",
    "Model",
    "Question",
    "Reading",
    "Server",
    "Survey",
    "Token",
    "compare",
    "connect",
    "errors",
    "examples",
    "load",
    "open",
    "wrap",
]
_HOMES = {
    "Analysis": "face.analysis_view:AnalysisView",
    "CausalTest": "face.test_view:CausalTestView",
    "Comparison": "face.comparison:Comparison",
    "ImageSet": "face.set_view:ImageSetView",
    "Model": "face.model_view:Model",
    "Question": "core.question:Question",
    "Reading": "core.reading:Reading",
    "Server": "face.server:Server",
    "Survey": "studies.survey.run:Survey",
    "Token": "core.analysis:Token",
    "compare": "face.entry:compare",
    "connect": "face.entry:connect",
    "errors": "core.errors",
    "examples": "face.entry:examples",
    "load": "face.entry:load",
    "open": "face.entry:open",
    "wrap": "face.entry:wrap",
}


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'fretboard' has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(":")
    home = import_module(f"fretboard.{module}")
    value = globals()[name] = getattr(home, attribute) if attribute else home
    return value


def __dir__() -> list[str]:
    """For completion."""
    return sorted([*globals(), *__all__])
