"""Print the tables and draw the pictures of docs/report.md from finished runs::

python -m studies.report runs/report-vae runs/report-gan runs/ae-2 runs/ae-4 …
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from matplotlib.figure import Figure

import genmodels
from genmodels import Run, data
from genmodels.report import figures, markdown
from genmodels.training import curves
from studies.command import command
from studies.results import DOCS

EPOCHS = (1, 2, 5, 10, 20, 30, 50, 75, 100)  # those the report's numbers are read at
PICTURES = DOCS / "pictures"
STRIPS, SHOWN = 6, 12


@command
def main() -> None:
    """Print the tables and draw the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("vae", help="a run of configs/report/vae.yaml")
    parser.add_argument("gan", help="a run of configs/report/gan.yaml")
    parser.add_argument("autoencoders", nargs="*", help="runs of configs/ae.yaml")
    given = parser.parse_args()
    vae, gan = genmodels.load(given.vae), genmodels.load(given.gan)
    print_table(vae, ["train.elbo.loss", "test.negative_elbo"])
    print_table(gan, ["train.discriminator.loss", "train.generator.loss"])
    PICTURES.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        genmodels.compare([vae, gan], out=folder)
        (Path(folder) / "comparison.png").replace(PICTURES / "report-comparison.png")
    for name, run in (("vae", vae), ("gan", gan)):
        walk = run.interpolate("perturb", rows=STRIPS)
        genmodels.save_images(walk, PICTURES / f"report-{name}-perturbation.png")
    if given.autoencoders:
        draw_sweep([genmodels.load(path) for path in given.autoencoders])


def print_table(run: Run, keys: Sequence[str]) -> None:
    """Print the log at the report's epochs, as Markdown."""
    records = {record["epoch"]: record for record in run.log}
    chosen = [records[epoch] for epoch in EPOCHS if epoch in records]
    rows = [[key, *(f"{record[key]:.3f}" for record in chosen)] for key in keys]
    head = ["epoch", *(str(record["epoch"]) for record in chosen)]
    print(f"\n{run.path}\n\n{markdown.table([head, *rows])}")


def _latent_dim(run: Run) -> int:
    return run.model().latent_dim


def draw_sweep(runs: Sequence[Run]) -> None:
    """Draw the error over the size of the code, and reconstructions from each size."""
    runs = sorted(runs, key=_latent_dim)
    sizes = [_latent_dim(run) for run in runs]
    errors = [run.log[-1]["test.squared_error"] for run in runs]
    head = ["latent dimensions", *map(str, sizes)]
    row = ["test squared error", *(f"{error:.2f}" for error in errors)]
    print(f"\n{markdown.table([head, row])}")
    images = data.load(runs[0].settings.data.name)
    real = images.batch(images.splits["test"][:SHOWN]).images
    rows = [real, *(run.reconstruct(real) for run in runs)]
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    chart, sheet = figure.subplots(1, 2, width_ratios=[1, 1.5])
    chart.plot(sizes, errors, "o-", color=curves.COLOURS[0], lw=1.4)
    chart.set_xscale("log", base=2)
    chart.set_xticks(sizes, map(str, sizes))
    chart.set_ylim(0)
    chart.set_xlabel("latent dimensions", fontsize=8)
    chart.set_title("test squared error an image", loc="left", fontsize=9)
    chart.tick_params(labelsize=8)
    chart.grid(alpha=0.25, lw=0.6)
    chart.spines[["top", "right"]].set_visible(False)
    names = ", ".join(map(str, sizes))
    figures.show(sheet, torch.cat(rows), f"test images; below, from {names} numbers", SHOWN)
    curves.save(figure, PICTURES / "latent-size.png")


if __name__ == "__main__":
    main()
