"""The only reader of the environment. Each field is listed in `.env.example` (a test checks it)."""

import ipaddress
import re
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from fretboard.core.own_models import default_model
from fretboard.core.redis_url import check_redis_url

MIB = 2**20
SHORTEST_TOKEN = 16  # characters: a shorter one could be guessed
ORIGIN = re.compile(r"\*|https?://[A-Za-z0-9.*-]+(:(\d+|\*))?")


class Settings(BaseSettings):
    """What a process needs to know; set by environment variables named as the alias or field."""

    model_config = SettingsConfigDict(
        env_prefix="FRETBOARD_", env_file=".env", extra="ignore", hide_input_in_errors=True
    )

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535, validation_alias=AliasChoices("PORT", "FRETBOARD_PORT"))
    store_url: str = Field("./data", validation_alias="STORE_URL")
    """Durable records: a folder, or an object store such as `s3://bucket/prefix`."""
    lenses: Path = Path("./lenses")
    """Where fitted lenses are kept, beside those that are shipped."""
    redis_url: str | None = Field(None, validation_alias="REDIS_URL")
    """Jobs, progress and the array cache; without it, or empty, all three live in this process."""
    model: str = Field(default_factory=default_model)
    """A Hugging Face name, a local folder, `tiny-llava` (bundled), or `lite-vlm` (for photographs;
    the default once it is assembled)."""
    model_choice: Literal["auto", "on", "off"] = "auto"
    """Whether the page may load another model beside it; `auto`: on loopback alone."""
    device: str = "auto"
    """`auto` (CUDA where there is one), `cpu`, `cuda`, `cuda:1`, …"""
    dtype: str = "auto"
    """`auto` (bf16 on CUDA, float32 on CPU), `float32`, `bfloat16`, `float16`, `int8`, `int4`."""
    max_body_bytes: int = 20 * MIB
    max_image_pixels: int = 64_000_000
    max_new_tokens: int = 1024
    max_prompt_characters: int = 8192
    request_bytes: int = Field(0, ge=0)
    """Memory that one request may take on the worker; 0: what the worker has free."""
    batch: int = Field(8, ge=1)
    """Waiting analyses that a worker decodes together at most."""
    cache_bytes: int = 256 * MIB
    """Bound of the array cache, in this process or in Redis."""
    cache_ttl_seconds: int = 24 * 3600
    """Lifetime of a cached array in Redis after its last use."""
    derive_timeout_seconds: float = 120.0
    """How long a request waits for a worker to compute an array on demand."""
    grace_seconds: float = Field(60.0, ge=0)
    """How long a process that is told to stop finishes what it has begun."""
    keep_days: float = Field(0, ge=0)
    """Days that a record stays after it was last written; 0: for ever."""
    store_bytes: int = Field(0, ge=0)
    """Bytes of all records, above which the longest unwritten go; 0: no bound."""
    worker: Literal["inside", "outside"] = "inside"
    """Whether `fretboard serve` also runs the model, or leaves that to `fretboard worker`."""
    write_tokens: SecretStr = SecretStr("")
    """Who may ask and delete: tokens separated by commas. Empty: everyone."""
    read_tokens: SecretStr = SecretStr("")
    """Who may read; write tokens may too. Empty: everyone."""
    rate_limit: str = "auto"
    """Writes of one client, such as `30/minute`; `off`; `auto`: off on loopback, else a default."""
    read_rate_limit: str = "auto"
    """The same for reads."""
    allowed_hosts: str = ""
    """Host names answered to, with commas between; `*`: any. Empty: any, on loopback local ones."""
    embed: str = ""
    """Sites whose pages may show a chart in a frame, such as `https://blog.org`; empty: none."""
    log_json: bool = False
    """One JSON object a line instead of text."""

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return self.host == "localhost" or _is_loopback(self.host)

    @field_validator("redis_url")
    @classmethod
    def _usable_address(cls, url: str | None) -> str | None:
        return check_redis_url(url.strip()) if url and url.strip() else None

    @field_validator("write_tokens", "read_tokens")
    @classmethod
    def _long_enough(cls, secret: SecretStr) -> SecretStr:
        for token in split_words(secret.get_secret_value()):
            if len(token) < SHORTEST_TOKEN or not (token.isascii() and token.isprintable()):
                raise ValueError(
                    f"every token needs {SHORTEST_TOKEN} or more plain ASCII characters; "
                    "make one with: openssl rand -hex 24"
                )
        return secret

    @field_validator("embed")
    @classmethod
    def _origins(cls, text: str) -> str:
        for origin in split_words(text):
            if not ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is no site; write https://blog.org, or * for any")
        return text

    @field_validator("rate_limit", "read_rate_limit")
    @classmethod
    def _readable_limit(cls, text: str) -> str:
        if text not in ("auto", "off"):
            from limits import parse_many  # not needed by most processes

            parse_many(text)
        return text


def split_words(text: str) -> tuple[str, ...]:
    """A list in one variable: separated by commas or white space."""
    return tuple(filter(None, re.split(r"[,\s]+", text)))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@lru_cache
def get_settings() -> Settings:
    """This process's settings, read once. Raises SystemExit with one line."""
    try:
        return Settings()
    except ValidationError as error:
        faults = [
            f"{entry['loc'][0]}: {entry['msg'].removeprefix('Value error, ')}"
            for entry in error.errors(include_input=False)
        ]
        raise SystemExit("The settings cannot be used. " + "; ".join(faults)) from None
