"""The ways in: load a model, take one that is held, open a folder, connect to a server."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fretboard.core.errors import InputError
from fretboard.core.own_models import LITE_VLM
from fretboard.core.settings import Settings, get_settings
from fretboard.engine.session import IN_MEMORY, Session
from fretboard.face.analysis_view import AnalysisView
from fretboard.face.comparison import Comparison
from fretboard.lite_vlm import checkpoint_folder

if TYPE_CHECKING:
    from fretboard.face.model_view import Model
    from fretboard.face.server import Server


def load(
    name: str | Path | None = None,
    store: str | Path = IN_MEMORY,
    device: str | None = None,
    dtype: str | None = None,
) -> "Model":
    """Load a model; torch is imported now.

    name: on the Hugging Face hub, a checkpoint's folder, `lite-vlm` (assembled at its first use) or
    `tiny-llava`; None: FRETBOARD_MODEL, else `lite-vlm` once it is assembled, `tiny-llava` before.
    store: a folder that keeps the analyses; by default they end with the process. device: `auto`,
    `cpu`, `cuda`, …; dtype: `auto`, `float32`, `bfloat16`, `int8`, … Raises UnknownModel, and
    UnsupportedModel where the model cannot be read.

    >>> fb.load().name
    'tiny-llava'
    """
    from fretboard.face.model_view import Model

    chosen = {"model": str(name) if name is not None else None, "device": device, "dtype": dtype}
    settings = _settings(chosen)
    if settings.model == LITE_VLM:
        checkpoint_folder()  # put together at the first use
    session = Session.open(settings, store)
    session.pin()  # now, where one waits for it, rather than at the first question
    return Model(session)


def wrap(
    hf_model: Any, processor: Any, name: str | None = None, store: str | Path = IN_MEMORY
) -> "Model":
    """Use a transformers model that you hold, as it is: fine-tuned, edited, quantised.

    processor: with its tokenizer, or the tokenizer alone of a model without images. The model is
    put into evaluation, decodes greedily and asks for no gradients from then on; wrap it again
    when its weights have changed. Raises UnsupportedModel.

    >>> held = m.session.pipeline.checkpoint
    >>> mine = fb.wrap(held.model, held.processor, name="mine")
    >>> mine.analyze("photo.png", "What is the color of the dog?").answer == a.answer
    True
    """
    from fretboard.core.model_info import facts_of
    from fretboard.face.model_view import Model
    from fretboard.model.held import from_objects, weights_digest

    checkpoint = from_objects(hf_model, processor)
    own = getattr(hf_model, "name_or_path", "") or type(hf_model).__name__
    facts = facts_of(name or own, weights_digest(checkpoint), hf_model.config.to_dict())
    session = Session.open(_settings({}), store)
    session.hold(checkpoint, facts)
    return Model(session)


def open(folder: str | Path) -> AnalysisView:
    """An analysis in an archive (.zip), in a folder that `.save` wrote, or in a store's folder.

    Without a model and without torch; only what it lacks (a token's competition, another
    lens) is derived with the model that made it. Raises NotFound, InputError for another file.

    >>> fb.open(a.save("saved"))
    <analysis ... of tiny-llava: 'The dog is ...' · 6 tokens · ... depths>
    """
    from fretboard.engine.opened import open_kind

    if "://" in str(folder):
        raise InputError(f"{folder} is no folder; for a server: fb.connect(url).open(link).")
    session, manifest = open_kind(get_settings(), folder, "analysis")
    return AnalysisView.packed(session, manifest.analyses[0])


def connect(url: str, token: str | None = None) -> "Server":
    """A running `fretboard serve`: open its analyses by id or permalink, ask it. No torch.

    token: an access token, where the server wants one. Nothing is sent yet.

    >>> fb.connect("http://127.0.0.1:8000")
    <server http://127.0.0.1:8000>
    """
    from fretboard.face.server import Server

    return Server(url, token)


def compare(first: AnalysisView, second: AnalysisView) -> Comparison:
    """Two analyses on shared axes and colours; both from here, or both from one server.

    >>> b = m.analyze(a.question.skip("3-5"))
    >>> fb.compare(a, b).profile("probability").layout.meta["axis"]
    'depth'
    """
    return Comparison(first, second)


def examples() -> dict[str, Path]:
    """Pictures of drawn scenes, by name, which the bundled model can answer about.

    >>> fb.examples()["brown-banana"].name
    'brown-banana.png'
    """
    from fretboard.store.examples import gallery_entries, gallery_image

    pictures = (gallery_image(entry["file"]) for entry in gallery_entries())
    return {picture.stem: picture for picture in pictures}


def _settings(chosen: dict[str, Any]) -> Settings:
    """The environment's, with what is chosen here instead."""
    try:
        settings = get_settings()
    except SystemExit as error:  # a notebook is not to end
        raise InputError(str(error)) from error
    return settings.model_copy(update={k: v for k, v in chosen.items() if v is not None})
