"""The commands that show what there is."""

from typing import Annotated

import typer

from genmodels.cli import options
from genmodels.cli.options import DataRoot


def datasets(
    data_root: DataRoot = None,
) -> None:
    """List the data sets that have a name."""
    from genmodels import data
    from genmodels.report import terminal

    rows = [
        [
            s.name,
            "x".join(map(str, s.image_shape)),
            f"{s.train:,}",
            f"{s.test:,}",
            s.classes,
            s.note,
        ]
        for s in data.sets(data_root)
    ]
    terminal.show(terminal.table(["name", "image", "train", "test", "classes", ""], rows))
    typer.echo("Any folder of pictures is a data set too: --data ./pictures")


def models() -> None:
    """List the model families and their settings."""
    from genmodels import config, construct, yaml12
    from genmodels.report import terminal

    rows = [
        [name, what, "\n".join(f"{key}: {yaml12.inline(value)}" for key, value in settings.items())]
        for name, what, settings in construct.described(config.MODELS, config.GIVEN)
    ]
    terminal.show(terminal.table(["class", "", "settings and defaults"], rows))
    typer.echo("presets: " + ", ".join(config.presets()))


def runs() -> None:
    """List the runs under runs/, newest first."""
    from genmodels import runs as folders
    from genmodels.report import terminal

    rows = []
    for problem in folders.damaged():
        typer.echo(f"left out: {problem}", err=True)
    for folder in folders.listed():
        last = (folder.log() or [{}])[-1]
        loss = [f"{k.split('.')[-2]} {v:.4g}" for k, v in last.items() if k.endswith(".loss")]
        where = [folder.environment["data"]["name"], last.get("epoch", "—"), last.get("step", "—")]
        rows.append([folder.path, folder.config_name, *where, "  ".join(loss)])
    if not rows:
        typer.echo("no runs under runs/; train one with: genmodels train --config vae.yaml")
        return
    terminal.show(terminal.table(["run", "config", "data", "epoch", "step", "loss"], rows))


def config(name: Annotated[str, typer.Argument(help="A preset's name, or a path.")]) -> None:
    """Print a configuration with all its defaults."""
    options.print_config(name, [], {})
