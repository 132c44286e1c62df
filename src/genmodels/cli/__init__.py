"""The command line. A command parses its options, calls one function and prints the result.

Slow imports are inside the commands, so that help and usage errors are fast.
"""

import logging
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Annotated, Any, NoReturn

import typer

from genmodels import __version__
from genmodels.cli.groups import Grouped, commands
from genmodels.cli.wording import as_flags
from genmodels.errors import InputError, Interrupted, Note, Unfinished, one_line, spelling

# The base class of usage errors, in the version of click that typer uses.
UsageError: Any = typer.BadParameter.__mro__[1]

# What to lower when memory runs out: of commands that use a model, and of all others.
SIZES = {"sample": "`count`", "interpolate": "`steps` or `rows`"}
SIZES_OF_TRAINING = "the model's widths, the batch size or the image size"

app = typer.Typer(
    name="genmodels",
    help="Train generative image models under one trainer, and compare them fairly.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    cls=Grouped,
)
for command, group in commands(__name__):
    app.command(rich_help_panel=group)(command)


@app.callback(invoke_without_command=True, no_args_is_help=False)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Train generative image models under one trainer, and compare them fairly."""
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line. For a user's mistake, print one line and exit with code 2."""
    from genmodels.system.streams import lasting_output

    _replace_unprintable()
    # Matplotlib takes another folder where it cannot write its cache, and says so in two lines.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    warnings.simplefilter("always", Note)
    warnings.showwarning = _show_each_note_once()
    with lasting_output():
        _run(list(sys.argv[1:] if arguments is None else arguments) or ["--help"])


def _run(given: list[str]) -> None:
    """Run a command and exit, unless it is done without an error."""
    from genmodels.system.signals import terminated_cleanly

    command = typer.main.get_command(app)
    first = given[0]  # parsing empties the list
    try:
        with (
            terminated_cleanly(),
            spelling(as_flags),
            command.make_context("genmodels", given) as context,
        ):
            command.invoke(context)
    except typer.Exit as done:
        sys.exit(done.exit_code)
    except UsageError as error:
        known = first if first in getattr(command, "commands", ()) else ""
        where = error.ctx.command_path if error.ctx else f"genmodels {known}".rstrip()
        _fail(one_line(f"{error.format_message().rstrip('.')}; see {where} --help"), 2)
    except InputError as error:
        _fail(str(error), 2)
    except Interrupted as error:
        _fail(str(error), error.code)
    except Unfinished as error:
        _fail(str(error), 1)
    except (RuntimeError, MemoryError) as error:
        from genmodels.system import memory

        if not memory.ran_out(error):
            raise
        lower = SIZES.get(first, SIZES_OF_TRAINING)
        _fail(f"{memory.description(error)}: lower {lower}", 2)
    except KeyboardInterrupt:
        _fail("interrupted", 130)
    except OSError as error:
        from genmodels.system.files import FULL
        from genmodels.system.streams import discard

        if error.errno not in FULL:
            raise
        discard(sys.stdout)
        _fail(f"the output cannot be written: {error.strerror}; free space", 2)


def _replace_unprintable() -> None:
    """Print a question mark for characters that the terminal's encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _show_each_note_once() -> Callable[..., None]:
    """Return a function that prints a note as one line, once, and other warnings as Python does."""
    printed: set[str] = set()

    def show(message: Any, category: type[Warning], filename: str, line: int, *more: Any) -> None:
        if issubclass(category, Note):
            text = as_flags(str(message))
        else:
            text = warnings.formatwarning(message, category, filename, line).rstrip()
        if not issubclass(category, Note) or text not in printed:
            print(text, file=sys.stderr)
        printed.add(text)

    return show


def _fail(message: str, code: int) -> NoReturn:
    print(f"genmodels: {as_flags(message)}", file=sys.stderr)
    sys.exit(code)
