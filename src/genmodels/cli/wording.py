"""Translation of messages for the command line: `` `out=x` `` becomes ``--out x``."""

import ast
import re
import shlex

# Python's keyword → the option, if they differ in more than hyphens.
FLAGS = {
    "source": "config", "settings": "set", "start": "from", "end": "to", "shifts": "shift",
    "path": "out", "changes": "set",
}  # fmt: skip
SPAN = re.compile(
    r"`(?:(?P<command>\w+)\((?P<given>[^`]*)\)|(?P<name>[A-Za-z][\w.]*)(?:=(?P<value>[^`]*))?)`"
)

# One argument of a call: its name and, if there is one, its value, which may be quoted.
ARGUMENT = re.compile(r"""(\w+)(?:=('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|.*?))?(?:, |$)""")


def as_flags(message: str) -> str:
    """Return a message with its settings as options.

    Examples: ``--out runs/x``, ``--set train.keep=1``, ``genmodels train --out runs/x --resume``.
    """
    return SPAN.sub(_span, message)


def _span(found: re.Match[str]) -> str:
    if found["command"]:
        options = [
            _option(name, value and (_text(value) or shlex.quote(value)))
            for name, value in ARGUMENT.findall(found["given"])
        ]
        return " ".join(["genmodels", found["command"], *options])
    return _option(found["name"], found["value"] and (_text(found["value"]) or found["value"]))


def _text(value: str) -> str:
    """Return a text that stands in Python's quotes as a shell quotes it; empty if none does."""
    if value[0] not in "'\"":
        return ""
    try:
        text = ast.literal_eval(value)
    except (ValueError, SyntaxError):  # a text that was shortened
        return ""
    return shlex.quote(text) if isinstance(text, str) and text.isprintable() else ""


def _option(name: str, value: str | None) -> str:
    if "." in name:
        return f"--set {name}={value}" if value else name
    flag = "--" + FLAGS.get(name, name).replace("_", "-")
    return f"{flag} {value}" if value and value != "True" else flag
