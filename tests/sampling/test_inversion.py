"""Latents of given images, for models that have no encoder."""

from pathlib import Path

import torch
from PIL import Image

from conftest import CommandLine, Trained
from genmodels import sampling
from genmodels.models import GAN, VAE
from genmodels.networks import MLP
from genmodels.sampling import inversion
from genmodels.system import randomness


def test_what_a_generator_made_is_found_again() -> None:
    with randomness.placed(0, "init"):
        model = GAN((1, 6, 6), 3, MLP((32,), "leaky_relu")).eval()
    images = sampling.decode(model, model.prior(4, randomness.generator(1, "made")))
    told = []
    found = inversion.find_latents(model, images, progress=lambda *said: told.append(said))
    assert found.latents.shape == (4, 3)
    assert found.error.max() < 1e-4
    assert found.error.max() < images.var() / 100
    assert told[-1][1:] == (inversion.STEPS, inversion.STEPS)
    again = inversion.find_latents(model, images)
    assert torch.equal(found.latents, again.latents)


def test_an_encoder_is_asked_first() -> None:
    with randomness.placed(0, "init"):
        model = VAE((1, 6, 6), 3, MLP((8,))).eval()
    images = torch.rand(2, 1, 6, 6, generator=randomness.generator(0, "images"))
    found = inversion.find_latents(model, images)
    assert torch.equal(found.latents, model.encode(images).detach())
    shown = sampling.reconstruct(model, images)
    expected = (shown - images).square().flatten(1).mean(1)
    torch.testing.assert_close(found.error, expected)


def test_pictures_can_be_the_ends_of_a_generators_walk(
    genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    run = trained(workplace / "runs" / "gan-1", "gan.yaml")
    for name, grey in (("a.png", 0), ("b.png", 255)):
        Image.new("L", (28, 28), grey).save(name)
    walked = genmodels("interpolate", run, "--from", "a.png", "--to", "b.png", "--steps", "4",
                       "--out", "walk.png")  # fmt: skip
    assert walked.code == 0, walked
    assert "a.png, read as 28x28 grey: latents found, mean squared error" in walked.err
    with Image.open("walk.png") as walk:
        assert walk.size == (4 * (4 * 30 + 2), 4 * 32)  # four frames in a row, enlarged


def test_a_trained_run_can_be_sampled_with_other_steps(
    genmodels: CommandLine, workplace: Path
) -> None:
    small = ("--data", "glyphs", "--device", "cpu", "--set", "train.batch_size=100",
             "--set", "model.network.width=8")  # fmt: skip
    assert genmodels("train", "--config", "flow.yaml", *small, "--steps", "2",
                     "--out", "runs/f").code == 0  # fmt: skip
    few = genmodels("sample", "runs/f", "--count", "4", "--set", "model.steps=1", "--out", "f.npz")
    assert few.code == 0, few
    refused = {
        "model.network.width=16": "model.network cannot be changed after training",
        "model.steps=0": "model.steps: is 0; give 1 or more",
        "model.stpes=3": "did you mean 'steps'?",
        "train.epochs=3": "only settings of the model can be changed after training",
    }
    for change, said in refused.items():
        outcome = genmodels("sample", "runs/f", "--set", change)
        assert outcome.code == 2, outcome
        assert said in outcome.err
