"""What :func:`genmodels.testing.check_model` refuses to check, in one line."""

from typing import Any

import pytest
from torch import nn

from genmodels import testing
from genmodels.errors import InputError
from genmodels.models import Autoencoder, Model


class Required(Autoencoder):
    def __init__(self, image_shape: Any, width: int) -> None:
        super().__init__(image_shape)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"spec": 3}, "`spec=3`: give a dictionary with 'class', or a class derived from Model"),
        ({"spec": nn.Linear}, "`spec=<class 'torch.nn.modules.linear.Linear'>`: give a dictionary"),
        ({"spec": Model}, "Model does not define decode, phases"),
        ({"spec": Required}, "Required has no default of width; give them one"),
        ({"spec": {"class": "VEA"}}, "model.class: unknown class 'VEA' (did you mean 'VAE'?)"),
        ({"spec": {"class": "VAE", "latent_dim": 0}}, "model.latent_dim: is 0; give 1 or more"),
        ({"image_shape": (1, 28)}, "`image_shape=(1, 28)`: give three integers (C, H, W), each 1"),
        ({"image_shape": (0, 28, 28)}, "`image_shape=(0, 28, 28)`: give three integers"),
        ({"image_shape": None}, "`image_shape=None`: give three integers"),
        ({"device": "gpu"}, "unknown device 'gpu'"),
        ({"device": 3}, "`device=3`: use auto, cpu"),
        ({"bf16": "no"}, "`bf16='no'`: give True or False"),
    ],
    ids=str,
)
def test_arguments_that_cannot_be_checked_are_refused(given: Any, message: str) -> None:
    with pytest.raises(InputError) as refused:
        testing.check_model(**{"spec": {"class": "VAE"}, **given})
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)
