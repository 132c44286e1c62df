"""The trainer: exact resume, limits, records, and what it refuses."""

import dataclasses
import itertools
import json
import math
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from genmodels import config
from genmodels.config import components
from genmodels.config.number_types import Json
from genmodels.config.settings import Train
from genmodels.data.images import Images
from genmodels.errors import InputError
from genmodels.models.base import Model, Phase
from genmodels.models.vae import VAE
from genmodels.networks import MLP
from genmodels.runs import checkpoint, manifest
from genmodels.runs.checkpoint import TensorFile
from genmodels.runs.manifest import Record, SavedProgress
from genmodels.system import device as devices
from genmodels.system import randomness
from genmodels.training.ema import EMA
from genmodels.training.records import Epoch, Progress, next_snapshot
from genmodels.training.trainer import Trainer

SHAPE = (1, 12, 12)
NETWORK = {"class": "MLP", "hidden": [16, 8]}
SMALL = {"class": "MLP", "hidden": [8]}
MODELS: dict[str, dict[str, Any]] = {
    "vae": {"class": "VAE", "latent_dim": 3, "network": NETWORK},
    "gan": {"class": "GAN", "latent_dim": 3, "dropout": 0.3, "network": NETWORK},
    "gan-batch": {"class": "GAN", "network": {**NETWORK, "normalization": "batch"}},
    "conv": {"class": "VAE", "network": {"class": "Conv", "channels": [4, 4]}},
    # One of its modules lies within another, and both have moments of their own.
    "aae": {"class": "AAE", "latent_dim": 3, "network": NETWORK, "discriminator": {"hidden": [8]}},
}
# What they keep in buffers from step to step changes what they learn.
STEERED: dict[str, dict[str, Any]] = {
    "balance": {"class": "BEGAN", "latent_dim": 3, "gamma": 0.9, "rate": 0.1, "network": SMALL},
    "warm-up": {"class": "VAE", "latent_dim": 3, "warmup": 10, "network": SMALL},
    "spectral": {"class": "GAN", "latent_dim": 3, "spectral": True, "network": SMALL},
}


def images(count: int = 70) -> Images:
    table = torch.randint(0, 256, (count, *SHAPE), generator=randomness.generator(0, "t")).byte()
    rows = torch.arange(count)
    splits = {"train": rows[:50], "validation": rows[50:60], "test": rows[60:]}
    return Images("made up", table, splits)


def trainer(model: Any, train: Any, device: Any, seed: int = 0, data: Any = None) -> Trainer:
    values = {"model": model, "train": {"batch_size": 8, **train}, "seed": seed}
    settings = config.resolve([values], "test")
    with randomness.placed(seed, "init"):
        made = components.build(settings.model, config.MODELS, image_shape=SHAPE)
    return Trainer(made, data or images(), settings.train, seed, device)


def progress_of(saved: TensorFile[dict[str, Json]]) -> SavedProgress:
    return manifest.check(SavedProgress, saved.header["progress"], saved.path)


def finish(made: Trainer) -> list[Record]:
    return [record.record for record in made.records() if isinstance(record, Epoch)]


OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "EMA, warm-up and cosine": {"ema": 0.9, "schedule": {"warmup": 3, "steps": 20}},
    "adamw, clipped": {"optimizer": {"name": "adamw", "weight_decay": 0.1}, "clip": 0.5},
    "sgd with momentum": {"optimizer": {"name": "sgd", "lr": 1e-3, "momentum": 0.9}},
}


CASES = [
    *itertools.product(MODELS, OPTIONS, [2, 6, 8]),  # an epoch has six steps
    *itertools.product(STEERED, ["EMA, warm-up and cosine"], [8]),
]


@pytest.mark.parametrize(("name", "option", "half"), CASES)
def test_a_resumed_run_equals_an_undisturbed_one(
    name: Any, option: Any, half: Any, device: devices.Device, tmp_path: Path
) -> None:
    model, options = (MODELS | STEERED)[name], OPTIONS[option]
    whole = trainer(model, {"steps": 2 * half, **options}, device)
    log = finish(whole)
    first = trainer(model, {"steps": half, **options}, device)
    early = [record for record in finish(first) if record["step"] % 6 == 0]
    tensors, progress = first.state()
    checkpoint.save(tmp_path / "c.safetensors", tensors, {"progress": progress})
    saved = checkpoint.load(tmp_path / "c.safetensors")
    second = trainer(model, {"steps": 2 * half, **options}, device, data=images())
    torch.manual_seed(123)  # whatever anybody drew in between
    second.restore(dict(saved.tensors), progress_of(saved))
    resumed = early + finish(second)
    wanted, found = whole.state()[0], second.state()[0]
    assert wanted.keys() == found.keys()
    for name in wanted:
        assert torch.equal(wanted[name], found[name]), name
    for a, b in zip(log, resumed, strict=True):
        assert {**a, "seconds": 0} == pytest.approx({**b, "seconds": 0}, rel=1e-12)


def test_the_ema_follows_weights_and_copies_buffers(device: Any) -> None:
    model = {"class": "GAN", "spectral": True, "network": {**NETWORK, "normalization": "batch"}}
    made = trainer(model, {"steps": 6, "ema": 0.9}, device)
    finish(made)
    assert made.run_step.ema is not None
    ema = made.run_step.ema.state
    for name, value in made.model.named_parameters():
        assert not torch.equal(ema[name], value), name
    for name, buffer in made.model.named_buffers():
        assert torch.equal(ema[name], buffer), name


def test_the_ema_follows_a_weight_of_two_names_under_both() -> None:
    model: Any = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    ema = EMA(model, 0.9)
    with torch.no_grad():
        model[0].weight.add_(1)
    ema.set_share(0)  # a share of 0.9
    ema.update(model)
    for name in ("0.weight", "1.weight"):
        torch.testing.assert_close(ema.state[name], model[0].weight - 0.1)


def test_phases_that_cannot_be_told_apart_or_train_nothing_of_the_model_are_refused(
    device: devices.Device,
) -> None:
    class Twice(VAE):
        def phases(self) -> list[Phase]:
            return 2 * super().phases()

    class Loose(VAE):
        def phases(self) -> list[Any]:
            return [Phase("loose", nn.Linear(1, 1), cast(Any, self.phases))]

    with pytest.raises(InputError, match="two phases of Twice have one name: elbo, elbo"):
        Trainer(Twice(SHAPE), images(), Train(batch_size=8, steps=1), 0, device)
    with pytest.raises(InputError, match="the phase loose of Loose trains a module that is no"):
        Trainer(Loose(SHAPE), images(), Train(batch_size=8, steps=1), 0, device)


@pytest.mark.parametrize(
    ("model", "train", "said"),
    [
        (MODELS["gan-batch"], {"batch_size": 1}, "this GAN compares images of a batch.*2 or more"),
        ({"class": "EBGAN", "network": NETWORK}, {"batch_size": 1}, "2 or more"),
        ({"class": "Autoencoder", "mmd": 1.0}, {"batch_size": 1}, "2 or more"),
        (
            {**MODELS["vae"], "sampler": "gmm", "components": 26},
            {},
            "has 50 training images.*needs 52 or more",
        ),
    ],
)
def test_too_few_images_are_refused_before_the_first_step(
    model: Any, train: dict[str, int] | dict[Any, Any], said: str, device: devices.Device
) -> None:
    with pytest.raises(InputError, match=said):
        trainer(model, {"steps": 1, **train}, device)


def test_evaluation_does_not_disturb_training(device: devices.Device) -> None:
    quiet, watched = (trainer(MODELS["gan"], {"steps": 5}, device) for _ in range(2))
    finish(quiet)
    for record in watched.records():
        if isinstance(record, Progress):
            watched.evaluate("test")
            torch.randn(3)
    for a, b in zip(quiet.model.parameters(), watched.model.parameters(), strict=True):
        assert torch.equal(a, b)


def test_seeds_matter_and_repeat(device: devices.Device) -> None:
    first, again, other = (trainer(MODELS["vae"], {"steps": 4}, device, seed) for seed in (0, 0, 1))
    logs = [{**finish(made)[-1], "seconds": 0} for made in (first, again, other)]
    assert logs[0] == logs[1]
    assert logs[0] != logs[2]


def test_an_epoch_is_a_permutation(device: devices.Device) -> None:
    made = trainer(MODELS["vae"], {"epochs": 1}, device)
    orders = [made._order(epoch).cpu() for epoch in (0, 1)]
    assert all(torch.equal(order.sort().values, torch.arange(50)) for order in orders)
    assert not torch.equal(*orders)


def test_limits(device: devices.Device) -> None:
    assert [r["step"] for r in finish(trainer(MODELS["vae"], {"epochs": 2}, device))] == [6, 12]
    records = finish(trainer(MODELS["vae"], {"steps": 8}, device))
    assert [(r["epoch"], r["step"], r["images"]) for r in records] == [(1, 6, 48), (1.3333, 8, 64)]
    timed = trainer(MODELS["vae"], {"budget": "0.2s"}, device)
    assert finish(timed)[-1]["seconds"] >= 0.2
    assert timed.limit_reached()


def test_records_name_phases_and_splits(device: devices.Device) -> None:
    record = finish(trainer(MODELS["gan"], {"epochs": 1}, device))[0]
    assert list(record) == [
        "epoch", "step", "images", "seconds",
        "train.discriminator.loss", "train.discriminator.real", "train.discriminator.fake",
        "train.generator.loss",
        "validation.real", "validation.real_accuracy", "test.real", "test.real_accuracy",
    ]  # fmt: skip
    json.dumps(record, allow_nan=False)


class Breaks(VAE):
    """Its loss is not a number at the third step."""

    def phases(self) -> list[Any]:
        phase = super().phases()[0]
        self.calls = 0

        def objective(batch: Any) -> dict[Any, Any]:
            self.calls += 1
            terms = phase.objective(batch)
            return {**terms, "kl": terms["kl"] * (float("nan") if self.calls == 3 else 1)}

        return [dataclasses.replace(phase, objective=objective)]


def test_nan_stops_with_step_phase_and_term(device: devices.Device) -> None:
    train = Train(batch_size=8, steps=9)
    with pytest.raises(InputError, match="term 'kl' of phase 'elbo' is not finite at step 3"):
        finish(Trainer(Breaks(SHAPE), images(), train, 0, device))


class Twice(VAE):
    """A second, lazy phase on the decoder."""

    def phases(self) -> list[Any]:
        phase = super().phases()[0]
        return [
            phase,
            Phase("lazy", self.decoder, lambda b: {"loss": phase.objective(b)["loss"]}, 3),
        ]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_resumed_twice_with_a_lazy_phase_and_looks_in_between(
    precision: str, device: devices.Device, tmp_path: Path
) -> None:
    chosen = devices.choose(device.device.type, precision)

    def made(steps: int) -> Trainer:
        with randomness.placed(0, "init"):
            model = Twice(SHAPE, latent_dim=3, network=MLP((16, 8), normalization="batch"))
        return Trainer(model, images(), Train(batch_size=8, steps=steps, ema=0.9), 0, chosen)

    whole = made(20)
    wanted = finish(whole)
    log, saved = [], None
    for end in (5, 13, 20):  # an epoch has six steps
        part = made(end)
        if saved:
            part.restore(dict(saved.tensors), progress_of(saved))
            log = [r for r in log if r["step"] <= part.recorded and r["step"] % 6 == 0]
        for record in part.records():
            torch.randn(5)
            part.evaluate("test")
            if isinstance(record, Epoch):
                log.append(record.record)
        tensors, progress = part.state()
        checkpoint.save(tmp_path / f"{end}.safetensors", tensors, {"progress": progress})
        saved = checkpoint.load(tmp_path / f"{end}.safetensors")
    assert [{**r, "seconds": 0} for r in log] == [{**r, "seconds": 0} for r in wanted]
    tensors, progress = whole.state()
    assert saved is not None
    assert tensors.keys() == saved.tensors.keys()
    for name, tensor in tensors.items():
        assert torch.equal(tensor.cpu(), saved.tensors[name]), name
    volatile = {"seconds": 0, "peak_memory_mib": 0}
    assert {**json.loads(json.dumps(progress)), **volatile} == {
        **progress_of(saved), **volatile
    }  # fmt: skip


def test_a_lazy_phase_runs_when_it_is_due(device: devices.Device) -> None:
    made = Trainer(Twice(SHAPE), images(), Train(batch_size=8, steps=6), 0, device)
    finish(made)
    steps = {name: o.state[made.run_step.parameters[name][0]]["step"].item()
             for name, o in made.run_step.optimizers.items()}  # fmt: skip
    assert steps == {"model": 6, "decoder": 2}


def test_optimizers_by_module(device: devices.Device) -> None:
    own = {"optimizer": {"lr": 1e-3}, "optimizers": {"generator": {"lr": 5e-4}}, "steps": 1}
    assert trainer(MODELS["gan"], own, device).run_step.rates == {
        "discriminator": 1e-3,
        "generator": 5e-4,
    }
    with pytest.raises(InputError, match=r"names critic.*trains discriminator, generator"):
        trainer(MODELS["gan"], {"optimizers": {"critic": {}}, "steps": 1}, device)


def test_a_batch_larger_than_the_data(device: devices.Device) -> None:
    with pytest.raises(InputError, match=r"50 training images.*one batch of 64"):
        trainer(MODELS["vae"], {"batch_size": 64, "steps": 1}, device)


def test_snapshots_are_log_spaced() -> None:
    steps, step = [], 0
    while step < 50_000:
        step = next_snapshot(step)
        steps.append(step)
    assert steps == [100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000]


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_reduced_precision_trains(precision: str, device: devices.Device) -> None:
    if device.device.type == "cpu" and precision == "fp16":
        pytest.skip("fp16 products are not for the CPU")
    reduced = devices.choose(str(device.device), precision)
    made = trainer(MODELS["gan"], {"steps": 3}, reduced)
    finish(made)
    assert all(p.dtype == torch.float32 and p.isfinite().all() for p in made.model.parameters())


def test_the_loss_scale_is_saved_and_restored() -> None:
    def make() -> Any:
        half = devices.Device(torch.device("cpu"), "fp16", ("", ""))
        return trainer(MODELS["vae"], {"steps": 1}, half).run_step

    first, second = make(), make()
    scaler = {**first.scaler.state_dict(), "scale": 8.0, "_growth_tracker": 3}
    first.scaler.load_state_dict(scaler)
    second.restore(first.state())
    assert second.scaler.state_dict() == scaler
    assert type(second.scaler.state_dict()["_growth_tracker"]) is int


class Decoder(Model):
    """One product, as `F.linear` has it or with a transposed weight, whose gradient then lies
    the other way round in memory; `last` puts the weight itself in another order."""

    def __init__(self, image_shape: Any, transposed: Any, last: bool = False) -> None:
        super().__init__(image_shape, 4)
        with randomness.placed(0, "init"):
            self.weight = torch.nn.Parameter(torch.randn(math.prod(image_shape), 4))
        if last:
            self.weight = torch.nn.Parameter(self.weight.detach().T.contiguous().T)
        self.transposed = transposed

    def decode(self, latents: Tensor, labels: Any = None) -> Any:
        product = latents @ self.weight.T if self.transposed else F.linear(latents, self.weight)
        return product.sigmoid().unflatten(1, self.image_shape)

    def phases(self) -> list[Any]:
        return [Phase("match", self, self.objective)]

    def objective(self, batch: Any) -> dict[str, Any]:
        return {"loss": (self.generate(batch) - batch.images).square().mean()}


@pytest.mark.parametrize(("transposed", "last"), [(True, False), (False, True), (True, True)])
def test_the_order_in_memory_changes_no_update(
    transposed: bool, last: bool, device: devices.Device
) -> None:
    def trained(*orders: Any, half: Any = None) -> Any:
        train = Train(batch_size=8, steps=half or 6)
        made = Trainer(Decoder(SHAPE, *orders), images(), train, 0, device)
        finish(made)
        return made

    first = trained(transposed, last, half=3)
    second = Trainer(
        Decoder(SHAPE, transposed, last), images(), Train(batch_size=8, steps=6), 0, device
    )
    tensors, progress = first.state()
    saved = {name: tensor.contiguous() for name, tensor in tensors.items()}  # as in a file
    second.restore(saved, progress)
    finish(second)
    expected = trained(False).model.weight
    for made in (trained(transposed, last), second):
        torch.testing.assert_close(made.model.weight, expected, atol=1e-5, rtol=1e-4)
