"""The command that lists the runs."""

import typer

from genmodels.cli import options


def runs() -> None:
    """List the runs under runs/, newest first."""
    from genmodels import console
    from genmodels import runs as folders

    rows = []
    for problem in folders.damaged():
        typer.echo(f"left out: {problem}", err=True)
    for folder in folders.listed():
        last = (folder.log() or [{}])[-1]
        loss = [f"{k.split('.')[-2]} {v:.4g}" for k, v in last.items() if k.endswith(".loss")]
        steps = [step for step in (last.get("step"), folder.saved_step) if step is not None]
        where = [
            folder.environment["data"]["name"],
            last.get("epoch", "—"),
            max(steps, default="—"),
        ]
        rows.append([folder.path, folder.config_name, *where, "  ".join(loss)])
    if not rows:
        typer.echo("no runs under runs/; train one with: genmodels train --config vae.yaml")
        return
    console.show(console.table(["run", "config", "data", "epoch", "step", "loss"], rows))
    options.next_command("sample", rows[0][0])
