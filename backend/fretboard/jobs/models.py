"""Which models are served, and how they are: the default first, then what workers announced."""

from fretboard.core.errors import FretboardError
from fretboard.core.model_info import ServedModel, described, served_model
from fretboard.jobs.services import Services


def list_models(services: Services) -> list[ServedModel]:
    """FRETBOARD_MODEL, served or not, and every other model that a worker announced."""
    announced = services.bus.announced()
    others = [described(services.settings, announced[name]) for name in sorted(announced)]
    return [_default(services), *(model for model in others if not model.default)]


def _default(services: Services) -> ServedModel:
    name = services.settings.model
    facts = services.bus.announced().get(name, {})
    if facts.get("revision"):
        return described(services.settings, facts)
    try:
        model = served_model(name)
    except FretboardError as error:  # not on this machine, which alone is no fault
        known = facts or {"state": "absent", "detail": error.detail}
        return described(services.settings, {"name": name, **known})
    loading = {"state": "loading", "detail": "The model is being loaded."}
    absent = {"state": "absent", "detail": services.unserved}
    state = facts or (loading if services.expects_worker else absent)
    return model.model_copy(update={name: state[name] for name in ("state", "detail")})
