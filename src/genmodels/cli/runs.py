"""The command that lists the runs."""

from typing import TYPE_CHECKING, Any

import typer

from genmodels.cli import options
from genmodels.cli.groups import Group, HelpPlace

if TYPE_CHECKING:
    from genmodels import Run

PLACE = HelpPlace(Group.LOOK_AROUND, 3)
HEADINGS = ["run", "config", "data", "epoch", "step", "loss"]
LEFT_OUT = ("config", "epoch", "data")  # in a narrow terminal, in this order
DAMAGED, LOST = "damaged log", "no log"  # in place of the loss


def runs() -> None:
    """List the runs under runs/, newest first."""
    from genmodels import api, console

    rows = [_row(run) for run in api.runs()]
    if not rows:
        typer.echo("no runs under runs/")
        typer.echo("next: genmodels train --config vae.yaml")
        return
    console.show_table(HEADINGS, rows, left_out=LEFT_OUT)
    if damaged := next((row[0] for row in rows if row[-1] in (DAMAGED, LOST)), None):
        options.next_command("verify", damaged)
    else:
        options.next_command("sample", rows[0][0])


def _row(run: "Run") -> list[Any]:
    """Return the cells of a run. A damaged or lost log hides neither the run nor the others."""
    from genmodels.errors import InputError

    try:
        last, loss = (run.log or [{}])[-1], None
    except InputError:
        last, loss = {}, DAMAGED
    if run.step and not last and not loss:
        loss = LOST
    epoch = f"{round(last['epoch'], 2):,g}" if "epoch" in last else "—"
    steps = [step for step in (last.get("step"), run.step) if step is not None]
    step = f"{max(steps):,}" if steps else "—"
    losses = [f"{k.split('.')[-2]} {v:.4g}" for k, v in last.items() if k.endswith(".loss")]
    return [run.path, run.name, run.data, epoch, step, loss or tuple(losses)]
