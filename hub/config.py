"""Settings, from the environment. Every one has a default that works on a fresh machine."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.errors import Misconfigured


class Settings(BaseSettings):
    """HUB_HOME, HUB_DATABASE_URL and so on; PORT and HOST are taken as they are usual."""

    model_config = SettingsConfigDict(env_prefix="HUB_", env_ignore_empty=True, extra="ignore")

    home: Path = Field(Path(".hub"), description="Where the data lives: database, keys, logs.")
    database_url: str | None = Field(
        None, description="A PostgreSQL 15+ by URL (postgresql://user:password@host/name). Empty: the embedded one."
    )
    host: str = Field("127.0.0.1", validation_alias="HOST", description="The address that `hub serve` listens on.")
    port: int = Field(
        8000, ge=0, le=65535, validation_alias="PORT", description="The port that `hub serve` listens on."
    )
    log: Literal["quiet", "requests"] = Field(
        "quiet", description="`requests`: a line for every request; else only for those that fail or are slow."
    )
    plugins: str = Field("", description="Folders with plugins of your own, separated by ':'.")


def settings() -> Settings:
    """The settings of this process, read afresh. Raises Misconfigured with the name of the bad variable."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper()
        raise Misconfigured(f"{name} is not usable: {first['msg']} (got {first['input']!r}).") from error
