"""``event-store help``: the help of a command, and how to connect; what `--help` shows."""

import copy
import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from ..escape import escape
from .configuration import HERE, KEYS
from .failures import reported, wrong_usage
from .output import write_text
from .target import OPTIONS, TOPIC, connection_options

_ALWAYS_SHOWN: Final = "keyspace"

_USAGE_ERROR: Final[Any] = typer.BadParameter.__mro__[1]
"""The base of the errors of arguments: of click, or of the copy of click in typer."""


_Command = TypeVar("_Command", bound=TyperCommand | TyperGroup)


class StoreCommand(TyperCommand):
    """A command that connects; of the connection options, its help shows one."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help; the hidden options are completed by a shell all the same."""
        TyperCommand.format_help(_shown(self), ctx, formatter)


class HarmlessGroup(TyperGroup):
    """A group of commands whose messages about wrong arguments are escaped."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Parse the group's own arguments."""
        with _harmless():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """Parse the arguments of a command, and run it."""
        with _harmless():
            return super().invoke(ctx)


class StoreGroup(HarmlessGroup):
    """A group of commands that is a command itself, with the help of a `StoreCommand`."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help; the hidden options are completed by a shell all the same."""
        HarmlessGroup.format_help(_shown(self), ctx, formatter)


def _shown(command: _Command) -> _Command:
    """Return a command without the connection options that its help does not show."""
    shown = copy.copy(command)
    shown.params = [
        parameter
        for parameter in command.params
        if parameter.name == _ALWAYS_SHOWN or parameter.name not in OPTIONS
    ]
    return shown


@contextmanager
def _harmless() -> Iterator[None]:
    # Arguments are data: a shell puts the names of files there.
    try:
        yield
    except _USAGE_ERROR as error:
        error.message = escape(error.message)
        raise


def help_(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[COMMAND]", help=f"A command, or the topic `{TOPIC}`."),
    ] = None,
) -> None:
    """
    Show the help of a command, or how to connect.

    Examples:
    - `event-store help append`
    - `event-store help schema create`
    - `event-store help connecting`
    """
    with reported():
        if words == [TOPIC]:
            write_text(_connecting())
            return
        above = ctx.parent
        assert above is not None  # noqa: S101 - the command is one of a group
        command: Any = above.command
        for word in words or ():
            found = getattr(command, "commands", {}).get(word)
            if found is None:
                raise wrong_usage(
                    f"there is no command or topic {' '.join(words or ())!r}",
                    f"`event-store help` lists the commands; the topic is `{TOPIC}`",
                )
            command, above = found, type(ctx)(found, parent=above, info_name=word)
        # Typer prints it itself, by rich.
        if text := command.get_help(above):
            write_text(f"{text}\n")


def _connecting() -> str:
    """Return the text about the connection options."""
    lines = [
        "How the commands connect",
        "",
        "Every command that connects has these options. Each is also an environment",
        f"variable and a key in {HERE}; a dash says that there is none.",
        "Options override the environment, which overrides the file. Without any,",
        "commands connect to 127.0.0.1, port 9042.",
        "",
    ]
    for name, parameter in inspect.signature(connection_options).parameters.items():
        option = parameter.annotation.__metadata__[0]
        flag = f"--{name.replace('_', '-')}"
        variable = f"EVENT_STORE_{name.upper()}"
        key = name if name in KEYS else "-"
        about = textwrap.wrap(option.help, 76, initial_indent="    ", subsequent_indent="    ")
        lines += [f"{flag:<20} {variable:<32} {key}", *about]
    lines += [
        f"{'-':<20} {'EVENT_STORE_PASSWORD':<32} -",
        "    The password.",
        f"{'-':<20} {'EVENT_STORE_PASSWORD_FILE':<32} password_file",
        "    The file with the password.",
        "",
        "Examples:",
        "  event-store doctor --keyspace bank --contact-points 10.0.0.1,10.0.0.2",
        "  EVENT_STORE_KEYSPACE=bank event-store streams",
    ]
    return "".join(f"{line}\n" for line in lines)
