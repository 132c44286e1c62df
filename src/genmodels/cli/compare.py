"""The command that compares models."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genmodels.cli import options
from genmodels.cli.groups import Group, HelpPlace
from genmodels.cli.options import SEED, TrustCode, integer
from genmodels.cli.overrides import Changes, with_overrides

if TYPE_CHECKING:
    from genmodels.comparison.result import Comparison

PLACE = HelpPlace(Group.COMPARE, 1)
DEVICE = (
    "Where to train and to generate samples: auto, cpu, cuda, cuda:1 or mps. "
    "Default: the configuration's; for samples auto."
)
DATA = (
    "Data to train on, and to compare given images with: a data set's name, or a folder. "
    "Default: the configuration's."
)
THREADS = (
    "CPU threads to train and to generate samples with, at most one per core. "
    "Default: the configuration's; for samples PyTorch's choice."
)


@with_overrides(data=DATA, seed=SEED, device=DEVICE, threads=THREADS)
def compare(
    subjects: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN|CONFIG|IMAGES",
            help="Runs, configurations to train, and images of any other tool: folders of "
            "pictures, .npy and .npz files. Default: the latest run of each configuration.",
        ),
    ] = None,
    seeds: Annotated[int, integer(help="How often to train each configuration.")] = 1,
    match: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT",
            help="Train each for as many seconds, or images, as the first. Default: each has its "
            "own limit.",
        ),
    ] = None,
    jobs: Annotated[
        str,
        typer.Option(
            metavar="N|auto",
            help="How many trainings and evaluations run at a time, with equal shares of the "
            "cores; auto: one for each core, one on a GPU.",
        ),
    ] = "1",
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="K/N",
            help="Train only the K-th of N shares of the runs, and compare nothing. Default: train "
            "all and compare.",
        ),
    ] = None,
    *,
    changes: Changes,
    count: Annotated[int, integer(help="Largest number of test images and of samples.")] = 10_000,
    features: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Features to compare by: domain, random, natural, inception, or a file; may be "
            "repeated, or be several with commas between them. The first gives all numbers, the "
            "others FD and KID. Default: all at hand, domain first.",
        ),
    ] = None,
    claims: Annotated[
        str | None,
        typer.Option(
            metavar="report",
            help="Decide the five claims of the report that genmodels reproduces. Default: none.",
        ),
    ] = None,
    utility: Annotated[
        bool,
        typer.Option(
            "--utility",
            help="Train classifiers on samples, on real images and on both, and test them on real "
            "images; needs labels, and minutes. Default: train none.",
        ),
    ] = False,
    out: Annotated[Path, options.path(metavar="FOLDER", help="Folder for the results.")] = Path(
        "comparison"
    ),
    trust_code: TrustCode = False,
) -> None:
    """Compare models on the same data.

    Configurations are first trained; the training options apply to them. If only images are given,
    --data says what they are compared with.
    """
    from genmodels import api
    from genmodels.api import arguments
    from genmodels.comparison.plan import is_configuration

    comparison: api.Comparison | None = api.compare(
        tuple(subjects or ()),
        seeds=seeds,
        count=count,
        features=arguments.features(features or ["auto"]),
        claims=claims,
        utility=utility,
        match=arguments.match(match),
        jobs=arguments.jobs(int(jobs) if jobs.isdecimal() else jobs),
        shard=shard,
        out=out,
        trust_code=trust_code,
        **changes,
    )
    if comparison is None:
        typer.echo(f"share {shard} is trained: {out / 'runs'}")
        typer.echo("next: when all shares are trained, the same command without --shard")
        return
    trained_once = seeds == 1 and any(map(is_configuration, subjects or ()))
    _show(comparison, out, trained_once)


def _show(comparison: "Comparison", out: Path, trained_once: bool) -> None:
    """Show tables, the summary, what samples are good for, which models copy, and what is next."""
    from genmodels import console
    from genmodels.comparison import copy_verdicts, verdicts
    from genmodels.comparison.statistics import SEEDS
    from genmodels.report import terminal

    console.show(terminal.comparison_table(comparison, out / "report.md"))
    tables = terminal.ranks_table(comparison), terminal.utility_table(comparison)
    for table in filter(None, tables):
        typer.echo()
        console.show(table)
    if any(tables):
        typer.echo()
    console.show(verdicts.summary(comparison))
    if useful := comparison.utility:
        for sentence in filter(None, [*useful.sentences, useful.missing]):
            console.show(sentence)
    for verdict in copy_verdicts.of(comparison):
        if verdict.copying:
            console.show(f"{verdict.model}: {verdict.sentence}")
    typer.echo(f"report: {out / 'report.html'}")
    if trained_once:
        typer.echo(f"next: for confidence intervals, the same command with --seeds {SEEDS}")
    else:
        typer.echo(f"next: open {out / 'report.html'} in a browser")
