"""Settings of a test: nothing of the environment, all in one folder."""

from pathlib import Path

from fretboard.core.settings import Settings


def make_settings(checkpoint: Path, store: Path, **more) -> Settings:
    return Settings(
        _env_file=None, model=str(checkpoint), STORE_URL=str(store), device="cpu", **more
    ).model_copy(update={"redis_url": more.get("REDIS_URL")})
