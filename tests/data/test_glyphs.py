"""The embedded set: the same bytes everywhere, with the factors that made them."""

from typing import Any

import numpy as np
import pytest
import torch

from genmodels import data
from genmodels.data import glyphs
from genmodels.errors import InputError


def test_counts_and_labels() -> None:
    images: Any = data.load("glyphs")
    assert images.image_shape == (1, 28, 28)
    assert (images.count("train"), images.count("test")) == (12_000, 2_000)
    assert images.classes == tuple("0123456789")
    for split, each in (("train", 1200), ("test", 200)):
        labels = images.labels[images.splits[split]]
        assert torch.bincount(labels).tolist() == [each] * 10


def test_the_same_bytes_everywhere() -> None:
    assert glyphs.digest(glyphs._arrays()) == glyphs.HASH


def test_no_test_image_is_a_training_image() -> None:
    table = data.load("glyphs").table.flatten(1).numpy()
    assert len(np.unique(table, axis=0)) == len(table)


def test_every_image_lies_inside_and_has_ink() -> None:
    table = data.load("glyphs").table.float()
    border = torch.cat([table[..., 0, :], table[..., -1, :], table[..., 0], table[..., -1]], -1)
    assert (border.amax((1, 2)) < 128).float().mean() > 0.99
    assert (table.flatten(1).amax(1) > 200).all()


def test_factors_vary_and_match_the_images() -> None:
    factors = glyphs.factors()
    assert len(factors.face) == 14_000
    assert set(factors.face.tolist()) == set(range(len(glyphs.FACES)))
    ink = data.load("glyphs").table.float().mean((1, 2, 3)).numpy()
    assert np.corrcoef(ink, factors.weight)[0, 1] > 0.3
    assert np.corrcoef(ink, factors.scale)[0, 1] > 0.1
    for name in ("rotation", "shear", "shift_x", "shift_y", "elastic"):
        assert np.std(getattr(factors, name)) > 0


def test_a_damaged_file_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glyphs, "HASH", "0" * 64)
    with pytest.raises(InputError, match=r"glyphs\.npz is damaged; install genmodels again"):
        data.load("glyphs")
