"""Networks: the report's sizes, any image shape, and mirrored pairs."""

import dataclasses
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from genmodels import config
from genmodels.config import components
from genmodels.errors import InputError
from genmodels.networks import MLP, Conv, Residual, ResidualMLP, UNet, VectorField, layers
from genmodels.networks.layers import Dropout, mixes_images, pyramid


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def build(preset: str) -> Any:
    settings = config.read(preset)
    return components.build(settings.model, config.MODELS, image_shape=(1, 28, 28))


def test_the_reports_models_have_its_sizes() -> None:
    assert count(build("report/vae.yaml")) == 652_824
    gan = build("report/gan.yaml")
    assert (count(gan.generator), count(gan.discriminator)) == (1_486_352, 1_460_225)


def test_the_reports_discriminator_drops_out() -> None:
    gan = build("report/gan.yaml")
    assert [layer.share for layer in gan.discriminator if isinstance(layer, Dropout)] == [0.3] * 3
    assert not any(isinstance(layer, Dropout) for layer in gan.generator)
    assert {layer.negative_slope for layer in gan.modules() if isinstance(layer, nn.LeakyReLU)} == {0.2}  # fmt: skip # noqa: E501


def test_the_reports_text_normalises() -> None:
    gan = build("report/gan-as-written.yaml")
    assert sum(isinstance(layer, nn.BatchNorm1d) for layer in gan.generator) == 3
    assert any(isinstance(layer, nn.ReLU) for layer in gan.generator)


@pytest.mark.parametrize("network", [MLP((20,)), Conv((4, 8)), Conv((4, 8, 8), "silu", "batch")])
@pytest.mark.parametrize("shape", [(1, 9, 9), (3, 64, 64), (4, 33, 47), (1, 10, 100)])
def test_any_shape_goes_in_and_comes_out(network: Any, shape: tuple[int, ...]) -> None:
    images = torch.rand(2, *shape)
    features = network.encoder(shape, 7)(images)
    assert features.shape == (2, 7)
    assert network.decoder(5, shape)(torch.randn(2, 5)).shape == images.shape


def test_a_pair_has_the_encoder_of_one_and_the_decoder_of_the_other() -> None:
    spec = {
        "class": "GAN",
        "network": {
            "class": "Pair",
            "encoding": {"class": "MLP", "hidden": [20, 10]},
            "decoding": {"class": "Conv", "channels": [4], "normalization": "batch"},
        },
    }
    assert components.problems(spec, config.MODELS, "model", config.GIVEN) == []
    gan = components.build(spec, config.MODELS, image_shape=(1, 9, 9))
    assert [m.out_features for m in gan.discriminator if isinstance(m, nn.Linear)] == [20, 10, 1]
    assert mixes_images(gan.generator)
    assert not mixes_images(gan.discriminator)


def test_the_pyramid_halves_rounding_up() -> None:
    assert pyramid((1, 33, 47), 3, "") == [(33, 47), (17, 24), (9, 12), (5, 6)]


def test_the_smallest_images_are_named_exactly() -> None:
    network = Conv((4, 4, 4))
    network.encoder((1, 9, 9), 2)
    for shape in [(1, 8, 8), (1, 8, 100)]:
        with pytest.raises(InputError, match=f"{shape[1]}x{shape[2]} are too small.*9x9 or more"):
            network.decoder(3, shape)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_dropout_drops_its_share_and_keeps_the_mean(share: float) -> None:
    torch.manual_seed(0)
    values = torch.full((1001, 999), 2.0, requires_grad=True)
    dropped = Dropout(share)(values)
    kept = dropped != 0
    spread = (share * (1 - share) / values.numel()) ** 0.5
    assert (~kept).float().mean().item() == pytest.approx(share, abs=5 * spread + 2**-17)
    assert dropped[kept].unique().tolist() == pytest.approx([2 / (1 - share)], rel=1e-4)
    both = (kept[:, :-1] & kept[:, 1:]).float().mean().item()  # neighbours share a draw
    assert both == pytest.approx((1 - share) ** 2, abs=5 * spread)
    (gradient,) = torch.autograd.grad(dropped.sum(), values)
    torch.testing.assert_close(gradient, dropped.detach() / 2)


def test_dropout_does_nothing_where_it_should_not() -> None:
    values = torch.rand(5, 7)
    assert Dropout(0.5).eval()(values) is values
    assert Dropout(0.0)(values) is values
    torch.manual_seed(3)
    first = Dropout(0.5)(values)
    torch.manual_seed(3)
    assert torch.equal(first, Dropout(0.5)(values))


@pytest.mark.parametrize("network", [MLP((20, 10)), Conv((4, 8))])
@pytest.mark.parametrize("normalization", ["none", "batch"])
def test_networks_know_whether_they_mix_images(network: Any, normalization: str) -> None:
    made = dataclasses.replace(network, normalization=normalization).encoder((1, 9, 9), 3)
    images = torch.rand(6, 1, 9, 9)
    alone = torch.cat([made(images[:3]), made(images[3:])])
    assert torch.allclose(made(images), alone, atol=1e-6) != mixes_images(made)


IMAGE, LATENTS = (3, 9, 12), 5
CONVOLUTIONAL = {
    "conv": Conv((4, 8), normalization="batch"),
    "residual": Residual(4, 2, normalization="group"),
}


@pytest.mark.parametrize("network", CONVOLUTIONAL.values(), ids=CONVOLUTIONAL)
def test_the_layout_in_memory_changes_nothing(network: Any) -> None:
    images, latents = torch.rand(4, *IMAGE), torch.randn(4, LATENTS)
    for made, given in (
        (network.encoder(IMAGE, 2), images),
        (network.decoder(LATENTS, IMAGE), latents),
    ):
        check_layouts(made, given)


FIELDS = (UNet(8, 1), ResidualMLP(16, 2))


@pytest.mark.parametrize("description", FIELDS)
def test_the_layout_in_memory_changes_no_vector_field(description: VectorField) -> None:
    check_layouts(description.vector_field(IMAGE), torch.rand(4, *IMAGE), torch.rand(4))


@torch.no_grad()
@pytest.mark.parametrize("description", FIELDS)
def test_a_vector_field_depends_on_image_time_and_label_of_each_image(
    description: VectorField,
) -> None:
    field = description.vector_field(IMAGE, num_classes=3)
    for parameter in field.parameters():  # some start at zero
        nn.init.normal_(parameter, std=0.1)
    images, times, labels = torch.rand(2, *IMAGE), torch.tensor([0.2, 0.2]), torch.tensor([0, 0])
    before = field(images, times, labels)
    for changed in (
        (images * torch.tensor([1.0, 0.5]).view(2, 1, 1, 1), times, labels),
        (images, torch.tensor([0.2, 0.3]), labels),
        (images, times, torch.tensor([0, 2])),
    ):
        after = field(*changed)
        torch.testing.assert_close(after[0], before[0], atol=1e-5, rtol=1e-5)
        assert (after[1] - before[1]).abs().max() > 1e-3


def test_a_residual_mlp_has_the_size_of_its_description() -> None:
    pixels, width, embedding = 784, 512, 128
    block = 2 * (width * width + width) + embedding * 3 * width + 3 * width
    ends = pixels * width + width + 2 * width + width * pixels + pixels
    time = 64 * embedding + embedding + embedding * embedding + embedding
    assert count(ResidualMLP(512, 4).vector_field((1, 28, 28))) == 4 * block + ends + time


def check_layouts(made: Any, images: Tensor, *others: Any) -> None:
    for parameter in made.parameters():  # some start at zero
        nn.init.normal_(parameter, std=0.3)
    expected = made(images, *others)
    last = made.to(memory_format=torch.channels_last)
    if images.dim() == 4:
        images = images.to(memory_format=torch.channels_last)
    torch.testing.assert_close(last(images, *others), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("channels", "groups"), [(64, 4), (24, 2), (100, 10), (17, 17)])
def test_groups_are_as_large_as_they_may_be(channels: int, groups: int) -> None:
    (layer,) = layers.normalization("group", channels, 2)
    assert layer.num_groups == groups


def test_groups_of_one_number_are_refused_where_nothing_would_be_left() -> None:
    MLP((17, 25), normalization="group").encoder((1, 4, 4), 2)  # groups of five
    with pytest.raises(InputError, match="17 features make no groups of 3 to 16"):
        MLP((32, 17), normalization="group").encoder((1, 4, 4), 2)
