"""The optimiser of a module that a lazy phase updates beside the others."""

import pytest
import torch
from test_trainer import NETWORK, SHAPE, finish, trainer

from genmodels.config.settings import Optimizer, Train
from genmodels.errors import InputError
from genmodels.models.base import Phase
from genmodels.models.gan import GAN
from genmodels.networks import MLP
from genmodels.system import device as devices
from genmodels.training import optimizers
from genmodels.training.step import Step

SETTINGS = Optimizer(lr=1e-2, betas=(0.5, 0.99))


def step_of(every: int) -> Step:
    network = MLP((8,), "leaky_relu")
    model = GAN(SHAPE, 4, network, penalties={"r1": 1.0}, penalty_every=every)
    train = Train(steps=1, optimizer=SETTINGS)
    return Step(model, train, 0, devices.choose("cpu"))


@pytest.mark.parametrize(("every", "share"), [(1, 1.0), (2, 2 / 3), (16, 16 / 17)])
def test_the_discriminator_is_slowed_for_its_lazy_penalty(every: int, share: float) -> None:
    step = step_of(every)
    assert step.rates["discriminator"] == 1e-2 * share
    assert step.rates["generator"] == 1e-2
    slowed = step.optimizers["discriminator"].options  # type: ignore[attr-defined]
    assert (slowed["beta1"], slowed["beta2"]) == (0.5**share, 0.99**share)


@pytest.mark.parametrize(
    ("every", "said"),
    [(1, []), (4, ["learning rate of discriminator: 0.01 so far, 0.008 from now on, with betas"])],
)
def test_a_changed_rate_is_noted(every: int, said: list[str]) -> None:
    step = step_of(every)
    step.compare_rates(None)
    assert [note[: len(wanted)] for note, wanted in zip(step.rate_notes, said, strict=True)] == said
    assert step.notes[: len(said)] == step.rate_notes
    step.compare_rates(step.rates)
    assert step.rate_notes == []


def test_a_run_of_an_earlier_version_notes_its_new_rate(device: devices.Device) -> None:
    model = {"class": "GAN", "network": NETWORK, "penalties": {"r1": 1.0}, "penalty_every": 2}
    made, resumed = (trainer(model, {"steps": steps}, device) for steps in (2, 4))
    finish(made)
    tensors, progress = made.state()
    resumed.restore(tensors, progress)
    assert not any("learning rate" in note for note in resumed.notes)
    del progress["rates"]
    resumed.restore(tensors, progress)
    (note,) = [note for note in resumed.notes if "learning rate" in note]
    assert note.startswith("learning rate of discriminator: ")


def test_as_many_updates_move_as_far_and_forget_as_much() -> None:
    # 16 steps have 17 updates: the sum of rates, and what is left of an old moment, are equal.
    slowed = optimizers.slowed(SETTINGS, 1 / 16)
    assert 17 * slowed.lr == pytest.approx(16 * SETTINGS.lr)
    for new, old in zip(slowed.betas, SETTINGS.betas, strict=True):
        assert new**17 == pytest.approx(old**16)


def test_sgd_is_not_slowed() -> None:
    sgd = Optimizer(name="sgd", lr=0.1, momentum=0.9)
    assert optimizers.slowed(sgd, 1 / 16) == sgd


def test_without_lazy_phases_nothing_is_rounded() -> None:
    assert optimizers.slowed(SETTINGS, 0.0) == SETTINGS


def test_a_lazy_phase_alone_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def phases(model: GAN) -> list[Phase]:
        return [Phase("only", model.generator, lambda _: {"loss": torch.zeros(())}, lazy=True)]

    monkeypatch.setattr(GAN, "phases", phases)
    with pytest.raises(InputError, match="the phase only of GAN is lazy"):
        step_of(1)
