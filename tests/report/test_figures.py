"""Figures that matplotlib draws."""

from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure

from genmodels.report import figures
from genmodels.training import curves

pytestmark = pytest.mark.drawn
NAMES = [r"$\no$", "$", "$a_b$", r"a\$b$"]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_no_formulas(name: str, tmp_path: Path) -> None:
    figure = Figure()
    figures.show(figure.subplots(), torch.zeros(2, 1, 4, 4), name, 2)
    curves.save(figure, tmp_path / "a.png")
    records = [{"images": 1.0, f"train.{name}.loss": 1.0, f"train.{name}.{name}": 1.0}]
    curves.save_curves(records, tmp_path / "b.png", name)
