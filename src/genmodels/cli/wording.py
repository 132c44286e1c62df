"""Translation of messages for the command line: `` `out=x` `` becomes ``--out x``."""

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


def as_flags(message: str) -> str:
    """Return a message with its settings as options.

    Examples: ``--out runs/x``, ``--set train.keep=1``, ``genmodels train --out runs/x --resume``.
    """
    return SPAN.sub(_span, message)


def _span(found: re.Match[str]) -> str:
    if found["command"]:
        given = filter(None, found["given"].split(", "))
        words = [word.partition("=") for word in given]
        options = [_option(name, value and shlex.quote(value)) for name, _, value in words]
        return " ".join(["genmodels", found["command"], *options])
    return _option(found["name"], found["value"])


def _option(name: str, value: str | None) -> str:
    if "." in name:
        return f"--set {name}={value}" if value else name
    flag = "--" + FLAGS.get(name, name).replace("_", "-")
    return f"{flag} {value}" if value and value != "True" else flag
