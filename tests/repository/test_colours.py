"""A short version of ``python -m torture.colours``."""

import math
from typing import Any

import pytest
import torch

from genmodels import config, sampling
from genmodels.data.images import TRAIN
from torture import colours

SIZE, STEPS = 16, 20


@pytest.mark.slow
@pytest.mark.parametrize("kind", colours.KINDS)
@pytest.mark.parametrize("preset", config.presets())
def test_a_preset_stays_finite(preset: str, kind: str) -> None:
    outcome = colours.train(preset, colours.pictures(kind, SIZE), STEPS)
    assert outcome.problem == ""
    if "too small for a network" in outcome.refused:
        return
    if outcome.refused:  # codes of equal pictures are equal, so no mixture fits them
        assert kind == "constant"
        assert "can be fitted to the codes" in outcome.refused
    assert outcome.steps == STEPS


def test_kinds_are_what_their_names_say() -> None:
    found = {kind: colours.pictures(kind, SIZE).table for kind in colours.KINDS}
    assert {table.shape[1:] for table in found.values()} == {(3, SIZE, SIZE)}
    assert len(found["constant"].unique()) == 1
    assert found["dark"].max() < colours.DARK
    assert found["saturated"].unique().tolist() == [0, 255]
    assert len(found["saturated"].unique(dim=0)) > 16
    assert len(found["noise"].unique()) == 256


def test_what_is_not_finite_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    images = colours.pictures("noise", 8)
    assert colours.train("vae.yaml", images, 2).problem == ""
    decode = sampling.decode

    def broken(*given: Any) -> torch.Tensor:
        return decode(*given).index_fill(0, torch.tensor([1]), math.nan)

    monkeypatch.setattr(sampling.generation, "decode", broken)
    assert colours.train("vae.yaml", images, 2).problem == "samples are not finite"
    assert images.count(TRAIN) == colours.COUNT
