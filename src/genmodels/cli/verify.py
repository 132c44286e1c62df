"""The command that checks a run."""

from typing import TYPE_CHECKING, Annotated

import typer

from genmodels.cli import options
from genmodels.cli.groups import Group, HelpPlace
from genmodels.cli.options import RunArgument, TrustCode, integer
from genmodels.errors import InputError, spelled

if TYPE_CHECKING:
    from genmodels.api.verification import Finding

PLACE = HelpPlace(Group.LOOK_AROUND, 5)


def verify(
    run: RunArgument = None,
    replay: Annotated[
        int | None,
        integer(
            metavar="N", help="Also train N steps twice and compare, bit for bit. Default: do not."
        ),
    ] = None,
    trust_code: TrustCode = False,
) -> None:
    """Check that a run's files can be read, and its steps repeated."""
    from genmodels import api
    from genmodels.api import arguments

    if replay is not None:
        arguments.count("replay", replay)
    opened = api.load(run, trust_code)
    findings = api.verify(opened)
    for finding in findings:
        typer.echo(f"{finding.path}  {spelled(_state(finding))}")
    problems = sum(bool(finding.problem) for finding in findings)
    if problems:
        unchecked = sum(bool(finding.needs) for finding in findings)
        raise InputError(
            f"{problems} of {len(findings)} files of {opened.path} are damaged or missing"
            f"{f', {unchecked} not checked' if unchecked else ''}"
        )
    typer.echo(f"all {len(findings)} files can be read")
    if replay is not None:
        differing = api.replay(opened, replay)
        if differing:
            raise InputError(
                f"{replay} steps of {opened.path} are not reproducible on this machine: "
                f"{len(differing)} tensors differ, such as {differing[0]}"
            )
        typer.echo(f"{replay} steps, trained twice: equal bit for bit")
        options.next_command("sample", opened.path)
    else:
        options.next_command("verify", opened.path, "--replay", 5)


def _state(finding: "Finding") -> str:
    """Return the result of checking a file, in words."""
    if finding.needs:
        return f"not checked: {finding.needs} is needed"
    if not finding.problem:
        return f"ok: {finding.what}"
    return f"{'MISSING' if finding.missing else 'DAMAGED'}: {finding.problem}"
