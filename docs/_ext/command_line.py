"""The command line as Markdown, from the same objects that parse it."""

from itertools import groupby
from operator import attrgetter
from typing import Any

import typer

from genmodels.cli import app


def commands() -> str:
    """Return a section for each command, in the groups of ``genmodels --help``."""
    program: Any = typer.main.get_command(app)
    context = program.make_context("genmodels", ["--version"], resilient_parsing=True)
    parts = []
    for title, listed in groupby(program.commands.values(), attrgetter("rich_help_panel")):
        parts.append(f"## {title}")
        parts += [_command(command, context) for command in listed]
    return "\n\n".join(parts)


def _command(command: Any, parent: Any) -> str:
    context = type(parent)(command, info_name=command.name, parent=parent)
    usage = " ".join(command.collect_usage_pieces(context)).replace("[[", "[").replace("]]", "]")
    return "\n\n".join(
        [
            f"({command.name}-command)=\n### genmodels {command.name}",
            command.help,
            f"```text\n{context.command_path} {usage}\n```",
            f"```{{program}} {context.command_path}\n```",
            *(_parameter(parameter, context) for parameter in command.get_params(context)),
        ]
    )


def _parameter(parameter: Any, context: Any) -> str:
    """Return what ``--help`` says of an argument or an option."""
    names, meaning = parameter.get_help_record(context)
    if parameter.param_type_name == "argument":
        names = names.partition(" ")[0].strip("[].")
    return f"````{{option}} {names}\n{meaning}\n````"
