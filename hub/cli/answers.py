"""How every command answers: words to a person, one JSON value to a script, and an exit code that means something."""

import enum
import sys
from typing import Annotated, Any, NoReturn

import orjson
import typer

from hub.errors import HubError, Misconfigured, Refused, Unavailable


class Exit(enum.IntEnum):
    """What the exit code says. The same table stands in README.md and in `hub --help`."""

    DONE = 0
    FAILED = 1
    MISUSED = 2
    UNAVAILABLE = 3
    REFUSED = 4
    PARTLY = 5
    INTERRUPTED = 130


CODES = {Misconfigured: Exit.MISUSED, Unavailable: Exit.UNAVAILABLE, Refused: Exit.REFUSED, HubError: Exit.FAILED}

AsJSON = Annotated[bool, typer.Option("--json", help="One JSON value on stdout, for scripts.")]


def say(words: str) -> None:
    """To a person, beside the answer."""
    typer.echo(words, err=True)


def answer_json(value: Any) -> None:
    """To a script: one line."""
    sys.stdout.write(orjson.dumps(value, default=str).decode() + "\n")


def refuse(error: HubError) -> NoReturn:
    """End with the error's own words and its exit code."""
    if "--json" in sys.argv[1:]:
        answer_json({"error": {"code": error.code, "message": str(error)}})
    say(f"hub: {error}")
    sys.exit(next(CODES[kind] for kind in type(error).__mro__ if kind in CODES))
