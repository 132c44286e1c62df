"""Labels from the data to the samples and into the comparison."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from conftest import CommandLine
from genmodels import api, sampling
from genmodels.console import Display
from genmodels.data import class_names
from genmodels.data.images import Batch
from genmodels.errors import InputError
from genmodels.models import GAN, VAE
from genmodels.networks import MLP
from genmodels.system import randomness
from genmodels.training import session

SMALL = ("--data", "glyphs", "--device", "cpu", "--set", "train.batch_size=100",
         "--set", "model.network={class: MLP, hidden: [64]}")  # fmt: skip
SHARES = (0.7, 0.1, 0.2)


def test_labels_are_drawn_as_often_as_they_were_trained_on() -> None:
    model = VAE((1, 4, 4), 2, MLP((8,)), conditional=True, class_shares=SHARES)
    drawn: Any = sampling.labels(model, 20_000)
    shares = torch.bincount(drawn, minlength=3) / 20_000
    torch.testing.assert_close(shares, torch.tensor(SHARES), atol=0.015, rtol=0)
    few: Any = sampling.labels(model, 700)
    assert torch.equal(few, drawn[:700])
    assert sampling.labels(VAE((1, 4, 4), 2, MLP((8,))), 10) is None


def test_a_label_decides_what_is_decoded() -> None:
    with randomness.placed(0, "init"):
        model = GAN((1, 4, 4), 2, MLP((8,)), conditional=True, class_shares=SHARES).eval()
    ones = torch.cat(list(sampling.sample(model, 5, label=1)))
    twos = torch.cat(list(sampling.sample(model, 5, label=2)))
    assert not torch.equal(ones, twos)
    # A product of nine rows may round differently from one of five.
    torch.testing.assert_close(ones, torch.cat(list(sampling.sample(model, 9, label=1)))[:5])
    with pytest.raises(InputError, match=r"`label=3`: there is no such class; give .* 0, 1, 2"):
        sampling.sample(model, 1, label=3)
    with pytest.raises(InputError, match="needs labels 0 to 2"):
        model.decode(torch.zeros(1, 2))


def test_each_class_has_as_many_samples() -> None:
    model = GAN((1, 4, 4), 2, MLP((8,)), conditional=True, class_shares=SHARES).eval()
    each: Any = sampling.labels(model, 2, label="each")
    assert each.tolist() == [0, 1, 2, 0, 1, 2]
    with pytest.raises(InputError, match="`label=each`: this VAE takes no labels"):
        sampling.labels(VAE((1, 4, 4), 2, MLP((8,))), 2, label="each")


@pytest.mark.parametrize("latents", ["equal", "of the label"])
def test_a_column_of_each_class_is_what_the_class_alone_gives(
    latents: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with randomness.placed(0, "init"):
        model = GAN((1, 4, 4), 2, MLP((8,)), conditional=True, class_shares=SHARES).eval()
    if latents == "of the label":
        moved = lambda count, draw, labels: torch.randn(count, 2, generator=draw) + labels[:, None]  # noqa: E731
        monkeypatch.setattr(model, "prior", moved)
    else:
        assert (
            torch.cat(list(sampling.latents_of_each(model, 3))).view(3, 3, 2).unique(dim=1).numel()
            == 6
        )
    each = torch.cat(list(sampling.sample(model, 600, label="each"))).unflatten(0, (600, 3))
    for label in range(3):
        alone = torch.cat(list(sampling.sample(model, 600, label=label)))
        torch.testing.assert_close(each[:, label], alone)
    few = torch.cat(list(sampling.sample(model, 40, label="each"))).unflatten(0, (40, 3))
    torch.testing.assert_close(few, each[:40])
    assert max(map(len, sampling.sample(model, 600, label="each"))) == sampling.BLOCK


NAMES = ("circle", "7", "square")


@pytest.mark.parametrize(
    ("given", "number"), [("circle", 0), ("2", 2), (1, 1), ("square", 2), ("7", 1)]
)
def test_a_class_is_given_by_name_or_number(given: str | int, number: int) -> None:
    assert class_names.number(given, NAMES) == number


@pytest.mark.parametrize("given", ["6", "-1", "sqare", "9" * 5000, 3])
def test_an_unknown_class_lists_the_classes(given: Any) -> None:
    with pytest.raises(InputError, match=r"no such class.* 0: circle, 1: 7, 2: square") as error:
        class_names.number(given, NAMES)
    assert ("did you mean 'square'" in str(error.value)) == (given == "sqare")


def test_a_name_wins_over_a_number() -> None:
    names = ("0", "1", "10", "2")
    assert class_names.number("10", names) == 2
    assert class_names.number("2", names) == 3
    assert class_names.described("2", names) == "class 3 (2)"
    assert class_names.described("0", names) == "class 0"


def test_only_the_first_classes_are_listed() -> None:
    assert class_names.listed(tuple("0123456789ab")) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"


def test_a_folders_classes_have_names(genmodels: CommandLine, workplace: Path) -> None:
    for name in ("circle", "square"):
        (workplace / "mine" / name).mkdir(parents=True)
        for number in range(20):
            Image.new("L", (8, 8), number).save(workplace / "mine" / name / f"{number}.png")
    words = ["train", "--config", "cvae.yaml", *SMALL[2:], "--data", "mine", "--steps", "1"]
    done = genmodels(*words, "--set", "train.batch_size=8", "--out", "a")
    assert done.code == 0, done
    assert done.err.count("classes 0: circle, 1: square") == 1
    for command in ("sample", "interpolate"):
        assert genmodels(command, "a", "--label", "square", "--out", f"{command}-s.png").code == 0
        assert genmodels(command, "a", "--label", "1", "--out", f"{command}-1.png").code == 0
        assert Path(f"{command}-s.png").read_bytes() == Path(f"{command}-1.png").read_bytes()
        unknown = genmodels(command, "a", "--label", "sqare")
        assert (unknown.code, unknown.err.count("\n")) == (2, 1)
        assert "did you mean 'square'?); give a number or a name of 0: circle" in unknown.err
    assert "is for sample" in genmodels("interpolate", "a", "--label", "each").err
    before = set(workplace.iterdir())
    assert genmodels("sample", "a", "--label", "sqare", "--out", "s.npy").code == 2
    assert set(workplace.iterdir()) == before
    noted = json.loads(Path("a/environment.json").read_text())
    del noted["data"]["classes"]  # as runs of versions before
    Path("a/environment.json").write_text(json.dumps(noted))
    assert genmodels("sample", "a", "--label", "1").code == 0
    assert "a name of 0, 1" in genmodels("sample", "a", "--label", "square").err


def test_shares_are_those_of_the_training_images() -> None:
    images: Any = session.load(api.config("vae.yaml", data="glyphs").data, Display(True))
    rows = images.splits["train"]
    counts = torch.bincount(images.labels[rows], minlength=10)
    assert images.class_shares == pytest.approx((counts / len(rows)).tolist(), rel=1e-5)


@pytest.mark.slow
@pytest.mark.usefixtures("known_features")
@pytest.mark.parametrize("preset", ["cvae.yaml", "pytorch-gan/acgan.yaml", "pytorch-gan/cgan.yaml"])
def test_every_verb_knows_labels(genmodels: CommandLine, workplace: Path, preset: str) -> None:
    done = genmodels("train", "--config", preset, *SMALL, "--steps", "3", "--out", "runs/a")
    assert done.code == 0, done
    assert genmodels("sample", "runs/a", "--label", "7", "--count", "4", "--out", "s.png").code == 0
    assert genmodels("interpolate", "runs/a", "--label", "3", "--out", "i.png").code == 0
    assert genmodels("interpolate", "runs/a", "--mode", "perturb").code == 0
    refused = genmodels("interpolate", "runs/a", "--from", "s.png")
    assert refused.code == 2
    assert "need --label" in refused.err
    assert genmodels("sample", "runs/a", "--label", "10").code == 2
    assert genmodels("sample", "runs/a", "--label", "each", "--count", "3").code == 0
    with Image.open("runs/a/samples/seed-0-label-each-count-3.png") as grid:
        width, height = grid.size
    assert width / height == pytest.approx(10 / 3, rel=0.05)
    compared = genmodels("compare", "runs/a", "--count", "300", "--out", "c")
    assert compared.code == 0, compared
    numbers = json.loads((workplace / "c" / "report.json").read_text())["models"][0]["numbers"]
    assert 0 <= numbers["label_accuracy"]["mean"] <= 1
    assert numbers["distance_within_classes"]["mean"] > 0


KINDS: dict[str, Callable[..., Any]] = {
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
def test_labels_are_learnt(kind: Any) -> None:
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
