"""What an autoencoder's penalties are, against formulas of their own."""

from typing import Any

import pytest
import torch
from torch import Tensor

from genmodels.data.images import Batch
from genmodels.models import Autoencoder
from genmodels.networks import MLP
from genmodels.system import randomness

SHAPE = (1, 4, 5)
IMAGES = torch.rand(8, *SHAPE, generator=randomness.generator(0, "images"))


def codes_near_zero(model: Any) -> Tensor:
    """½ ‖z‖²; Ghosh et al. (2020), equation 9."""
    return model.encoder(IMAGES).norm(dim=1).pow(2).mean() / 2


def weights_near_zero(model: Any) -> Tensor:
    """‖θ‖²; the same, RAE-L2."""
    return torch.nn.utils.parameters_to_vector(model.decoder.parameters()).norm() ** 2


def discrepancy(model: Any) -> Any:
    """Tolstikhin et al. (2018), algorithm 2: between codes and draws of N(0, I), with the
    kernels 2 D s / (2 D s + d²)."""
    codes = model.encoder(IMAGES)
    drawn = torch.randn(codes.shape)

    def kernel(left: Tensor, right: Tensor) -> Tensor:
        radii = 2 * codes.shape[1] * torch.tensor([0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0])
        return (radii / (radii + (left - right).square().sum())).sum()

    rows = range(len(codes))
    pairs = [(i, j) for i in rows for j in rows if i != j]
    within = sum(kernel(x[i], x[j]) for x in (codes, drawn) for i, j in pairs) / len(pairs)
    between = sum(kernel(codes[i], drawn[j]) for i in rows for j in rows) / len(rows) ** 2
    return within - 2 * between


PENALTIES = {
    "code_weight": ("codes", codes_near_zero),
    "decoder_weight": ("decoder", weights_near_zero),
    "mmd": ("mmd", discrepancy),
}


@pytest.mark.parametrize("setting", PENALTIES)
def test_each_penalty_is_added_as_its_paper_says(setting: Any) -> None:
    term, formula = PENALTIES[setting]
    with randomness.placed(0, "init"):
        model = Autoencoder(SHAPE, 3, MLP((12,)), **dict[str, Any]({setting: 0.7}))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2)  # so that codes lie apart
    with randomness.placed(0, "objective"):
        found = model.phases()[0].objective(Batch(IMAGES))
    with randomness.placed(0, "objective"):
        expected = 0.7 * formula(model)
    error = (model.decode(model.encode(IMAGES)) - IMAGES).square().sum((1, 2, 3)).mean()
    torch.testing.assert_close(found[term], expected)
    torch.testing.assert_close(found["squared_error"], error)
    torch.testing.assert_close(found["loss"], error + expected)
