"""The command that walks through the latents."""

from pathlib import Path
from typing import Annotated

import typer

from genmodels.cli import options
from genmodels.cli.options import Changed, RunArgument, Seed, TrustCode, Weights, integer


def interpolate(
    run: RunArgument = None,
    mode: Annotated[str, typer.Option(help="How to walk: slerp, lerp or perturb.")] = "slerp",
    steps: Annotated[
        int | None, integer(help="Frames of a walk. Default: 10; 21 for perturb.")
    ] = None,
    rows: Annotated[
        int | None, integer(help="Number of walks. Default: 8; 1 with a picture.")
    ] = None,
    seed: Seed = 0,
    weights: Weights = None,
    from_: Annotated[
        Path | None, typer.Option("--from", help="Picture to start from. Default: a random latent.")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(help="Picture to end at, except for perturb. Default: a random latent."),
    ] = None,
    shift: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIMS,START,STEP",
            help="perturb: move these dimensions, as in 0:8:2,-1,0.1; may be repeated.",
        ),
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="Class by name or number. Default: drawn at random.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Result: .png with a row for each walk, or .gif. Default: in the run."),
    ] = None,
    set_: Changed = None,
    trust_code: TrustCode = False,
) -> None:
    """Walk through the latents."""
    from genmodels import api
    from genmodels.api import arguments
    from genmodels.data import formats, pictures

    kind, chosen = arguments.mode(mode), arguments.weights(weights)
    opened = api.load(run, trust_code)
    changed = options.changes(set_)
    given = {
        "frames": steps, "rows": rows, "seed": seed or None, "from": from_ and from_.stem,
        "to": to and to.stem, "shift": "+".join(shift) if shift else None, "label": label,
        "weights": weights, **changed,
    }  # fmt: skip
    path = out or opened.folder.samples / pictures.file_name(mode, given)
    formats.check("walk", path)
    frames = api.interpolate(
        opened, kind, steps=steps, rows=rows, seed=seed, weights=chosen, start=from_, end=to,
        shifts=shift, label=label, changes=changed,
    )  # fmt: skip
    api.save_images(frames, path)
    count = len(frames)
    walks = "1 walk" if count == 1 else f"{count} walks"
    typer.echo(f"{walks} of {frames.shape[1]} frames of {opened.path}: {path}")
    options.next_command("compare", opened.path)
