"""Labels from the data to the samples and into the comparison."""

import json

import pytest
import torch
from PIL import Image

from genmodels import config, randomness, sampling, session
from genmodels.data.images import Batch
from genmodels.errors import InputError
from genmodels.models import GAN, VAE
from genmodels.networks import MLP
from genmodels.report.terminal import Display

SMALL = ("--data", "glyphs", "--device", "cpu", "--set", "train.batch_size=100",
         "--set", "model.network={class: MLP, hidden: [64]}")  # fmt: skip
SHARES = (0.7, 0.1, 0.2)


def test_labels_are_drawn_as_often_as_they_were_trained_on():
    model = VAE((1, 4, 4), 2, MLP((8,)), conditional=True, class_shares=SHARES)
    drawn = sampling.labels(model, 20_000)
    shares = torch.bincount(drawn, minlength=3) / 20_000
    torch.testing.assert_close(shares, torch.tensor(SHARES), atol=0.015, rtol=0)
    assert torch.equal(sampling.labels(model, 700), drawn[:700])
    assert sampling.labels(VAE((1, 4, 4), 2, MLP((8,))), 10) is None


def test_a_label_decides_what_is_decoded():
    with randomness.placed(0, "init"):
        model = GAN((1, 4, 4), 2, MLP((8,)), conditional=True, class_shares=SHARES).eval()
    ones = torch.cat(list(sampling.sample(model, 5, label=1)))
    twos = torch.cat(list(sampling.sample(model, 5, label=2)))
    assert not torch.equal(ones, twos)
    assert torch.equal(ones, torch.cat(list(sampling.sample(model, 9, label=1)))[:5])
    with pytest.raises(InputError, match="labels 0 to 2"):
        next(sampling.sample(model, 1, label=3))
    with pytest.raises(InputError, match="needs labels 0 to 2"):
        model.decode(torch.zeros(1, 2))


def test_each_class_has_as_many_samples():
    model = GAN((1, 4, 4), 2, MLP((8,)), conditional=True, class_shares=SHARES).eval()
    assert sampling.labels(model, 2, label="each").tolist() == [0, 1, 2, 0, 1, 2]
    assert len(torch.cat(list(sampling.sample(model, 200, label="each")))) == 600
    with pytest.raises(InputError, match="--label each: this VAE takes no labels"):
        sampling.labels(VAE((1, 4, 4), 2, MLP((8,))), 2, label="each")


def test_shares_are_those_of_the_training_images():
    images = session.load(config.read("vae.yaml", [config.overrides("glyphs")]).data, Display(True))
    rows = images.splits["train"]
    counts = torch.bincount(images.labels[rows], minlength=10)
    assert images.class_shares == pytest.approx((counts / len(rows)).tolist(), rel=1e-5)


@pytest.mark.parametrize("preset", ["cvae.yaml", "pytorch-gan/acgan.yaml", "pytorch-gan/cgan.yaml"])
def test_every_verb_knows_labels(genmodels, workplace, preset):
    done = genmodels("train", "--config", preset, *SMALL, "--steps", "3", "--out", "runs/a")
    assert done.code == 0, done
    assert genmodels("sample", "runs/a", "--label", "7", "--count", "4", "--out", "s.png").code == 0
    assert genmodels("interpolate", "runs/a", "--label", "3", "--out", "i.png").code == 0
    assert genmodels("interpolate", "runs/a", "--mode", "perturb").code == 0
    refused = genmodels("interpolate", "runs/a", "--from", "s.png")
    assert refused.code == 2
    assert "need --label" in refused.err
    assert genmodels("sample", "runs/a", "--label", "10").code == 2
    unknown = genmodels("sample", "runs/a", "--label", "seven")
    assert (unknown.code, unknown.err.count("\n")) == (2, 1)
    assert "'seven' is no class" in unknown.err
    assert genmodels("sample", "runs/a", "--label", "each", "--count", "3").code == 0
    with Image.open("runs/a/samples/seed-0-label-each.png") as grid:
        width, height = grid.size
    assert width / height == pytest.approx(10 / 3, rel=0.05)
    compared = genmodels("compare", "runs/a", "--count", "300", "--out", "c")
    assert compared.code == 0, compared
    numbers = json.loads((workplace / "c" / "report.json").read_text())["models"][0]["numbers"]
    assert 0 <= numbers["label_accuracy"]["mean"] <= 1
    assert numbers["distance_within_classes"]["mean"] > 0


KINDS = {
    "VAE": lambda **given: VAE((1, 4, 5), 2, MLP((32,)), **given),
    "concat": lambda **given: GAN((1, 4, 5), 4, MLP((64, 32), "leaky_relu"), **given),
    "projection": lambda **given: GAN(
        (1, 4, 5), 4, MLP((64, 32), "leaky_relu"), conditioning="projection", **given
    ),
    "auxiliary": lambda **given: GAN(
        (1, 4, 5), 4, MLP((64, 32), "leaky_relu"), conditioning="auxiliary", **given
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_labels_are_learnt(kind):
    """Images of label k have one bright row, the k-th."""
    labels = torch.arange(64) % 4
    with randomness.placed(0, "labels are learnt"):
        images = torch.rand(64, 1, 4, 5) * 0.2
        images[torch.arange(64), 0, labels] = 0.9
        model = KINDS[kind](conditional=True, class_shares=[0.25] * 4)
        phases = model.phases()
        betas = (0.5, 0.999)
        optimizers = [torch.optim.Adam(p.module.parameters(), 2e-3, betas) for p in phases]
        for _ in range(400):
            for phase, optimizer in zip(phases, optimizers, strict=True):
                loss = phase.objective(Batch(images, labels))["loss"]
                parameters = list(phase.module.parameters())
                gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
                for parameter, gradient in zip(parameters, gradients, strict=True):
                    parameter.grad = gradient
                optimizer.step()
    made = sampling.decode(model.eval(), model.prior(40, randomness.generator(0, "z")), labels[:40])
    assert (made.mean(3)[:, 0].argmax(1) == labels[:40]).float().mean() > 0.9
