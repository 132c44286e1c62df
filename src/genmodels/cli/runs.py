"""The command that lists the runs."""

import typer

from genmodels.cli import options
from genmodels.cli.groups import Group, HelpPlace

PLACE = HelpPlace(Group.LOOK_AROUND, 3)


def runs() -> None:
    """List the runs under runs/, newest first."""
    from genmodels import api, console

    rows = []
    for run in api.runs():
        last = (run.log or [{}])[-1]
        loss = [f"{k.split('.')[-2]} {v:.4g}" for k, v in last.items() if k.endswith(".loss")]
        steps = [step for step in (last.get("step"), run.step) if step is not None]
        where = [run.data, last.get("epoch", "—"), max(steps, default="—")]
        rows.append([run.path, run.name, *where, "  ".join(loss)])
    if not rows:
        typer.echo("no runs under runs/")
        typer.echo("next: genmodels train --config vae.yaml")
        return
    console.show_table(["run", "config", "data", "epoch", "step", "loss"], rows)
    options.next_command("sample", rows[0][0])
