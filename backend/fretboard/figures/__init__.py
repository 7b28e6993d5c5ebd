"""One Plotly builder a figure, from document and arrays: for the page, notebooks and exports."""

from fretboard.figures.both_competitions import Competitor, both_competitions_figure
from fretboard.figures.competition import competition_figure
from fretboard.figures.dispersion import dispersion_figure
from fretboard.figures.divergence import divergence_figure
from fretboard.figures.fretboard import fretboard_figure
from fretboard.figures.patches import patches_figure
from fretboard.figures.perplexities import perplexities_figure
from fretboard.figures.profile import profile_figure
from fretboard.figures.quantities import QUANTITIES
from fretboard.figures.trajectory import trajectory_figure

__all__ = [
    "QUANTITIES",
    "Competitor",
    "both_competitions_figure",
    "competition_figure",
    "dispersion_figure",
    "divergence_figure",
    "fretboard_figure",
    "patches_figure",
    "perplexities_figure",
    "profile_figure",
    "trajectory_figure",
]
