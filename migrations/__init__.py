"""The steps by which a database reaches the models' shape."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's settings for this project, wherever it is installed."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Bring the database to the newest step."""
    command.upgrade(configuration(connection), "head")


def pending(connection: Connection) -> list[str]:
    """The steps that the database still lacks, oldest first."""
    script = ScriptDirectory.from_config(configuration())
    done = MigrationContext.configure(connection).get_current_revision()
    return [step.revision for step in script.iterate_revisions("head", done)][::-1]
