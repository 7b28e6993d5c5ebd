"""Every public name says what it does with an example, and every example is right."""

import doctest
import inspect

import pytest

import fretboard as fb
from fretboard.analysis.figure_options import FigureOptions
from tests.face.conftest import QUESTION

FROM_ELSEWHERE = {"errors", "Question", "Reading", "Token"}  # documented where they are used
OWN = ("fretboard.face", "fretboard.studies")  # rooms of the public classes
PLACES = sorted(set(fb.__all__) - FROM_ELSEWHERE)


def members(kind: type) -> dict[str, object]:
    """What a class of the face offers: its own public methods and properties."""
    own = [base for base in kind.__mro__ if base.__module__.startswith(OWN)]
    return {
        name: member
        for base in own
        for name, member in vars(base).items()
        if not name.startswith("_") and (inspect.isroutine(member) or has_getter(member))
    }


def has_getter(member: object) -> bool:
    return isinstance(member, property) or type(member).__name__ == "cached_property"


def documented(name: str) -> list[tuple[str, str]]:
    """(name, docstring) of a public name and of what it offers."""
    value = getattr(fb, name)
    texts = [(name, inspect.getdoc(value) or "")]
    if inspect.isclass(value):
        found = members(value).items()
        texts += [(f"{name}.{one}", inspect.getdoc(member) or "") for one, member in found]
    return texts


def test_the_public_names_are_these():
    assert fb.__all__ == [
        "Analysis", "CausalTest", "Comparison", "ImageSet", "Model", "Question", "Reading",
        "Server", "Survey", "Token", "compare", "connect", "errors", "examples", "load", "open",
        "wrap",
    ]  # fmt: skip
    assert set(fb.__all__) <= set(dir(fb))
    with pytest.raises(AttributeError):
        fb.no_such_name  # noqa: B018


@pytest.mark.parametrize("name", PLACES)
def test_every_public_name_has_an_example(name):
    lacking = [place for place, text in documented(name) if ">>>" not in text]
    assert lacking == []


@pytest.fixture(scope="module")
def names(model, analysis, changed, server):
    """What the examples speak of."""
    return {
        "fb": fb,
        "FigureOptions": FigureOptions,
        "m": model,
        "a": analysis,
        "b": changed,
        "server": server,
        "t": model.test(analysis, "patching"),
        "s": model.image_set(["1.png", "2.png", "3.png"], QUESTION, token="class:colour"),
        "v": model.survey("photos/", prompt=QUESTION),
    }


@pytest.mark.parametrize("name", [*PLACES, "fretboard"])
def test_the_examples_are_right(name, names):
    texts = [("fretboard", fb.__doc__)] if name == "fretboard" else documented(name)
    parser = doctest.DocTestParser()
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    reports: list[str] = []
    for place, text in texts:
        example = parser.get_doctest(text, dict(names), place, None, None)
        runner.run(example, out=reports.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(reports)
