"""The command line: one file a noun, one function a command. Wires, decides nothing."""

import signal
import sys
from typing import Annotated, NoReturn

import typer

from hub import __version__, logs
from hub.cli import answers
from hub.cli.db import db
from hub.cli.demo import demo
from hub.cli.doctor import doctor
from hub.cli.explain import explain_command
from hub.cli.export import export_command
from hub.cli.hooks import hooks
from hub.cli.plans import apply_command, plan_command, show_command, undo_command
from hub.cli.plugins import plugins
from hub.cli.practices import practices
from hub.cli.rejected import fix_command, ignore_command, list_command, replay_command
from hub.cli.rules import rules_group
from hub.cli.sdl import sdl_command
from hub.cli.serve import serve_command, worker_command
from hub.cli.simulate import simulate
from hub.cli.sources import add_command, set_command
from hub.cli.steering import (
    alerts_command,
    cancel_command,
    log_command,
    pause_command,
    resume_command,
    schedule_command,
)
from hub.cli.sync import sync
from hub.cli.targets import targets
from hub.cli.token import token
from hub.errors import HubError

app = typer.Typer(
    name="hub",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
    epilog="Exit codes: 0 done · 1 tried and failed · 2 used or configured wrongly · 3 something does not answer, "
    "try later · 4 refused · 5 done in part: records were rejected (--strict), or something was left alone · "
    "130 interrupted",
)


@app.callback()
def hub(
    version: Annotated[bool, typer.Option("--version", help="Show the version.", is_eager=True)] = False,
) -> None:
    """Lianshu 联枢: one graph over parties, grids, alliances, requests and resources."""
    if version:
        typer.echo(__version__)
        raise typer.Exit


app.command("serve")(serve_command)
app.command("worker")(worker_command)
sync.command("plan")(plan_command)
sync.command("show")(show_command)
sync.command("apply")(apply_command)
sync.command("undo")(undo_command)
sync.command("add")(add_command)
sync.command("set")(set_command)
sync.command("rejected")(list_command)
sync.command("fix")(fix_command)
sync.command("replay")(replay_command)
sync.command("ignore")(ignore_command)
sync.command("schedule")(schedule_command)
sync.command("pause")(pause_command)
sync.command("resume")(resume_command)
sync.command("cancel")(cancel_command)
sync.command("log")(log_command)
app.add_typer(sync, name="sync")
app.add_typer(rules_group, name="rules")
app.command("alerts")(alerts_command)
app.add_typer(hooks, name="hooks")
app.add_typer(targets, name="targets")
app.command()(simulate)
app.add_typer(plugins, name="plugins")
app.add_typer(practices, name="practices")
app.command("sdl")(sdl_command)
app.command()(token)
app.command("export")(export_command)
app.add_typer(db, name="db")
app.command()(demo)
app.command("explain")(explain_command)
app.command()(doctor)


def main() -> NoReturn:
    """The entry point `hub`."""
    signal.signal(signal.SIGTERM, _as_interrupt)
    logs.set_up()
    try:
        app(prog_name="hub")
    except HubError as error:
        answers.refuse(error)
    sys.exit(answers.Exit.DONE)


def _as_interrupt(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
