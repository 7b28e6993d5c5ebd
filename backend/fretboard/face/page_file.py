"""An analysis as one file: tokens to click, fretboard, competition, divergence; opens offline."""

from typing import TYPE_CHECKING

from plotly.offline import get_plotlyjs

from fretboard.analysis.figures import FigureOptions
from fretboard.core.analysis import Token
from fretboard.face.cell import about, in_script, templates, thumbnail
from fretboard.figures import QUANTITIES
from fretboard.figures.export import size
from fretboard.figures.theme import MONO, SANS, THEMES, ThemeName, percent, readable

if TYPE_CHECKING:
    from fretboard.face.analysis_view import AnalysisView
PICTURE = 560  # px, the longer side: sharp at the 280 px that it is shown at


def render(analysis: "AnalysisView", theme: ThemeName = "light") -> str:
    """The whole page."""
    image = analysis.image
    width, _ = size(analysis.bare("fretboard", _options(theme)))
    return (
        templates()
        .get_template("analysis.html.j2")
        .render(
            analysis=analysis,
            about=about(analysis),
            image=thumbnail(image, PICTURE) if image is not None else "",
            chips=[
                (readable(token.text), _hover_text(token), _kind(token))
                for token in analysis.tokens
            ],
            quantities={name: quantity.title for name, quantity in QUANTITIES.items()},
            fretboards=_fretboards(analysis, theme),
            competitions=_of_tokens(analysis, "competition", theme),
            divergences=_of_tokens(analysis, "divergence", theme),
            colors=THEMES[theme],
            width=width,
            theme=theme,
            sans=SANS,
            mono=MONO,
            plotly=get_plotlyjs(),
        )
    )


def _fretboards(analysis: "AnalysisView", theme: ThemeName) -> str:
    drawn = (
        f'"{name}":' + in_script(analysis.bare("fretboard", _options(theme, quantity=name)))
        for name in QUANTITIES
    )
    return "{" + ",".join(drawn) + "}"


def _of_tokens(analysis: "AnalysisView", name: str, theme: ThemeName) -> str:
    drawn = (
        in_script(analysis.bare(name, _options(theme, token=token.index)))
        for token in analysis.tokens
    )
    return "[" + ",".join(drawn) + "]"


def _options(theme: ThemeName, **chosen: object) -> FigureOptions:
    return FigureOptions.model_validate({"theme": theme} | chosen)


def _kind(token: Token) -> str:
    """The chip's class."""
    if token.flag and token.flag.flagged:
        return "flagged"
    return "mutation" if token.token_class == "mutation" else ""


def _hover_text(token: Token) -> str:
    """What its stages say."""
    parts = [f"token {token.index}", f"probability {percent(token.probability)}"]
    if token.story is not None:
        parts.append(token.story)
    if token.flag and token.flag.flagged:
        parts.append(f"flagged, score {token.flag.score:.2f}")
    return " · ".join(parts)
