"""Draw the first picture of the README: samples of runs beside real images, with their FD::

python -m studies.overview runs/report-vae runs/report-gan runs/vae-gmm
"""

import argparse
from tempfile import TemporaryDirectory

from matplotlib.figure import Figure

import genmodels
from genmodels.comparison.cells import number
from genmodels.report import figures
from genmodels.training.curves import save
from studies.command import command
from studies.results import DOCS

PICTURE = DOCS / "pictures" / "overview.png"
SHOWN, COLUMNS = 48, 6


@command
def main() -> None:
    """Measure the runs under one protocol, and draw a panel for each."""
    parser = argparse.ArgumentParser(prog="python -m studies.overview", description=__doc__)
    parser.add_argument("runs", nargs="+", help="runs on the same data")
    given = parser.parse_args().runs
    with TemporaryDirectory() as folder:
        compared = genmodels.compare(given, out=folder)
    floor = compared.baselines["floor"].numbers[compared.fd]
    panels = [("real images", compared.real, f"FD {number(floor)}, the noise floor")]
    for entry in compared.entries:
        epochs = entry.records[-1]["epoch"]
        title = f"{entry.name}.yaml, {epochs:.0f} epochs"
        fd = f"FD {number(entry.mean(compared.fd))}"
        panels.append((title, entry.first.weights[0].samples, fd))
    figure = Figure(figsize=(2.9 * len(panels), 4.4), layout="constrained")
    for axes, (title, images, fd) in zip(figure.subplots(1, len(panels)), panels, strict=True):
        figures.show(axes, images[:SHOWN], title, COLUMNS)
        axes.text(0, -0.02, fd, transform=axes.transAxes, va="top", fontsize=9)
    save(figure, PICTURE)


if __name__ == "__main__":
    main()
