"""What a table holds is what a setting accepts: nothing is registered and out of reach."""

from typing import Any, get_args

import pytest

from genmodels import losses
from genmodels.config import components
from genmodels.losses import augmentation, penalties
from genmodels.models import base, gan
from genmodels.networks import layers

MODELS = components.Place("genmodels.models", base.Model)

LITERALS: dict[str, tuple[Any, Any]] = {
    "activations": (layers.Activation, layers.ACTIVATIONS),
    "adversarial losses": (gan.Loss, losses.ADVERSARIAL),
    "penalties": (penalties.Penalty, losses.PENALTIES),
    "augmentations": (augmentation.Augmented, augmentation._KINDS),
}
SETTINGS: dict[str, dict[str, Any]] = {"likelihood": losses.LIKELIHOODS, "loss": losses.ADVERSARIAL}


@pytest.mark.parametrize("name", LITERALS)
def test_a_literal_names_the_keys_of_its_table(name: Any) -> None:
    literal, table = LITERALS[name]
    assert sorted(get_args(literal)) == sorted(table)


@pytest.mark.parametrize(("model", "setting"), [("VAE", "likelihood"), ("GAN", "loss")])
def test_a_setting_accepts_the_keys_of_its_table(model: str, setting: str) -> None:
    assert sorted(components.choices(model, MODELS)[setting]) == sorted(SETTINGS[setting])


def test_penalties_that_ask_for_no_gradient_are_in_the_table() -> None:
    assert losses.PENALTIES.keys() >= gan.TOWARDS_ZERO


def test_losses_with_their_own_generator_are_in_the_table() -> None:
    assert losses.ADVERSARIAL.keys() >= gan.OWN_GENERATORS
