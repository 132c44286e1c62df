"""The commands that show what there is."""

from typing import Annotated

import typer

from genmodels.cli import options
from genmodels.cli.options import DataRoot


def datasets(
    data_root: DataRoot = None,
) -> None:
    """List the data sets that have a name."""
    from genmodels import console, data

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
    console.show(console.table(["name", "image", "train", "test", "classes", ""], rows))
    typer.echo("Any folder of pictures is a data set too: --data ./pictures")


def models(
    name: Annotated[
        str | None, typer.Argument(help="A model or a preset, with all that it says of itself.")
    ] = None,
) -> None:
    """List the models, their presets and scores."""
    from genmodels import console
    from genmodels.config import catalogue

    if name is not None:
        typer.echo(catalogue.find(name).page)
        return
    rows = []
    for entry in catalogue.models():
        lines = [preset.scored for preset in entry.presets]
        rows.append([entry.name, entry.paper, "\n".join(entry.abilities), "\n".join(lines)])
    console.show(console.table(["class", "", "can also", "presets"], rows))
    typer.echo(
        "scores: Fréchet distance between samples and test images, in features learnt from that "
        "data; lower is better. In brackets the data, and how long two processor cores trained"
    )
    typer.echo(
        "settings and their sources: genmodels models GAN; a preset: genmodels models gan.yaml"
    )


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


def config(name: Annotated[str, typer.Argument(help="A preset's name, or a path.")]) -> None:
    """Print a configuration with all its defaults."""
    options.print_config(name, [], {})
