"""The command that interpolates between latents."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genmodels.api import formats
from genmodels.cli import options
from genmodels.cli.groups import Group, HelpPlace
from genmodels.cli.options import (
    Changed,
    DeviceOption,
    RunArgument,
    Seed,
    TrustCode,
    WeightsOption,
    integer,
)

if TYPE_CHECKING:
    from genmodels.runs import Folder

PLACE = HelpPlace(Group.TRAIN_AND_USE, 3)


def interpolate(
    run: RunArgument = None,
    mode: Annotated[
        str, typer.Option(metavar="MODE", help="slerp or lerp between two latents, or perturb one.")
    ] = "slerp",
    steps: Annotated[
        int | None, integer(help="Number of frames. Default: 10; 21 for perturb.")
    ] = None,
    rows: Annotated[
        int | None, integer(help="Number of interpolations. Default: 8; 1 with a picture.")
    ] = None,
    seed: Seed = 0,
    weights: WeightsOption = None,
    device: DeviceOption = "auto",
    from_: Annotated[
        Path | None,
        options.path(
            "--from", metavar="FILE", help="Picture to start from. Default: a random latent."
        ),
    ] = None,
    to: Annotated[
        Path | None,
        options.path(
            metavar="FILE", help="Picture to end at, except for perturb. Default: a random latent."
        ),
    ] = None,
    shift: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIMS,START,STEP",
            help="perturb: shift these dimensions, as in 0:8:2,-1,0.1; may be repeated. "
            "Default: the configuration's.",
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(metavar="CLASS", help="Class by name or number. Default: drawn at random."),
    ] = None,
    out: Annotated[
        Path | None,
        options.path(
            metavar="PATH", help=f"Result: {formats.listed('frames')}. Default: in the run."
        ),
    ] = None,
    set_: Changed = None,
    trust_code: TrustCode = False,
) -> None:
    """Interpolate between latents."""
    from genmodels import api, runs
    from genmodels.api import arguments
    from genmodels.data import pictures

    kind, chosen = arguments.mode(mode), arguments.weights(weights)
    opened = api.load(run, trust_code)
    changed = options.changes(set_)
    given = {
        "frames": steps, "rows": rows, "seed": seed or None, "from": from_ and from_.stem,
        "to": to and to.stem, "shift": "+".join(shift) if shift else None, "label": label,
        "weights": chosen, **changed,
    }  # fmt: skip
    path = out or opened.folder.samples / pictures.file_name(mode, given)
    if out is not None:
        formats.check_new("frames", arguments.path("out", out))
    frames = api.interpolate(
        opened, kind, steps=steps, rows=rows, seed=seed, weights=chosen, start=from_, end=to,
        shifts=shift, label=label, device=device, changes=changed,
    )  # fmt: skip
    api.save_images(frames, path)
    count = len(frames)
    interpolations = "1 interpolation" if count == 1 else f"{count} interpolations"
    source = f"{opened.path}{options.class_taken(opened, label)}"
    typer.echo(f"{interpolations} of {frames.shape[1]} frames of {source}: {path}")
    if others := [each.path for each in runs.listed() if _comparable(each, opened.folder)]:
        options.next_command("compare", opened.path, others[0])
    else:
        options.next_command("models")


def _comparable(other: "Folder", folder: "Folder") -> bool:
    """Return whether a run is of the same data and another configuration."""
    same = other.fingerprint == folder.fingerprint
    return same and other.config_name != folder.config_name and other.saved_step is not None
