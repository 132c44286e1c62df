"""The copy watch while a model trains: its test, time and words, and what it must not change."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from scipy import stats
from torch import Tensor, nn

from conftest import TINY, CommandLine
from genmodels import data, runs, sampling
from genmodels.config.settings import Train
from genmodels.data.images import TEST, TRAIN, Images
from genmodels.errors import InputError
from genmodels.models.base import Fitted, Model, Phase
from genmodels.models.vae import VAE
from genmodels.networks import MLP
from genmodels.runs.manifest import Record
from genmodels.system import device as devices
from genmodels.system import randomness
from genmodels.training import copy_monitor, fitting
from genmodels.training.copy_monitor import COUNT, LEVEL, CopyMonitor
from genmodels.training.records import last_snapshot, next_snapshot
from genmodels.training.trainer import Trainer

SHAPE = (1, 12, 12)
SNAPSHOTS = 19  # of a run of 100 million steps


def pictures(count: int, name: str) -> Tensor:
    """Smooth random images, (count, 1, 12, 12), uint8."""
    coarse = torch.rand(count, 1, 5, 5, generator=randomness.generator(0, name))
    return F.interpolate(coarse, SHAPE[1:], mode="bilinear").mul(255).to(torch.uint8)


def images(held_out: int = 60) -> Images:
    rows = torch.arange(300 + held_out)
    splits = {"train": rows[:300], "validation": rows[300:], "test": rows[:0]}
    return Images("made up", pictures(len(rows), "table"), splits)


class Shows(Model):
    """A model whose samples are the images that it is given, in random order."""

    def __init__(self, shown: Tensor):
        super().__init__(SHAPE, 1)
        self.weight = nn.Parameter(torch.ones(1))
        self.register_buffer("shown", shown.float() / 255, persistent=False)

    def phases(self) -> list[Phase]:
        return [Phase("all", self, lambda batch: {"loss": self.weight.square().sum()})]

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        shown = self.get_buffer("shown")
        places = (torch.special.ndtr(latents[:, 0]) * len(shown)).long()
        return shown[places.clamp(max=len(shown) - 1)]


def watch_of(
    model: Model, device: devices.Device, given: Images | None = None, **train: Any
) -> CopyMonitor:
    """The watch of a model after 12 steps."""
    settings = Train(**{"batch_size": 50, "steps": 12, **train})
    made = Trainer(model, given or images(), settings, 0, device)
    for _ in made.records():
        pass
    return CopyMonitor(made, [])


def measured(watch: CopyMonitor) -> Record:
    record = watch.measure()
    assert record
    return record


def test_training_images_are_copies_and_others_are_not(device: devices.Device) -> None:
    table = images().table
    copying = watch_of(Shows(table[:300]), device)
    record = measured(copying)
    assert (record["step"], record["images"], record["epoch"]) == (12, 600, 2)
    assert record["copies.samples"] == 1
    assert record["copies.held_out"] == 0
    assert record["copies.found"] == 1
    for new in (table[300:], pictures(300, "others")):
        watch = watch_of(Shows(new), device)
        assert measured(watch)["copies.samples"] < 0.02
        assert watch.records[-1]["copies.found"] == 0
        assert watch.warning() == ""


def test_the_share_is_that_of_the_samples(device: devices.Device) -> None:
    half = torch.cat([images().table[:150], pictures(150, "others")])
    share = measured(watch_of(Shows(half), device))["copies.samples"]
    assert share == pytest.approx(0.5, abs=4 * math.sqrt(0.25 / COUNT))


def test_without_held_out_images_copies_are_found_too(device: devices.Device) -> None:
    given = images(held_out=0)
    record = measured(watch_of(Shows(given.table), device, given))
    assert "copies.held_out" not in record
    assert record["copies.found"] == 1


def test_the_first_sign_alone_is_said_with_the_snapshot_before(device: devices.Device) -> None:
    watch = watch_of(Shows(images().table[:300]), device)
    watch.measure()
    assert watch.warning() == (
        "copying begins: at step 12, 100 % of samples look like copies of training images, as are "
        "0.0 % of held-out images, by pixels alone; stop here, and train again for fewer steps, or "
        "with more images or `data.augment`"
    )
    watch.measure()
    assert watch.warning() == ""
    watch.records = [{"step": 2400, "copies.samples": 0.01, "copies.found": 0}]
    watch.measure()
    assert "train again with `steps=2000`, whose snapshot shows no sign of it, or" in (
        watch.warning()
    )


@pytest.mark.parametrize(
    "counts", [(0, 256, 0, 500), (3, 256, 1, 500), (9, 256, 2, 500), (256, 256, 3, 100)]
)
def test_the_test_is_fishers(counts: tuple[int, int, int, int]) -> None:
    copies, count, others, other_count = counts
    table = [[copies, count - copies], [others, other_count - others]]
    expected = stats.fisher_exact(table, alternative="greater").pvalue
    assert copy_monitor.p_value(*counts) == pytest.approx(expected, rel=1e-9)


def fewest_found(held_out_copies: int, held_out: int) -> int:
    """The smallest number of copies among samples that is called copying."""
    low, high = 0, COUNT + 1
    while low < high:
        middle = (low + high) // 2
        found = copy_monitor.is_copying(middle, held_out_copies, held_out)
        low, high = (low, middle) if found else (middle + 1, high)
    return low


@pytest.mark.parametrize(
    ("share", "held_out"),
    [(0.003, 0), (0.03, 0), (0.03, 20), (0.03, 60), (0.003, 500), (0.1, 500), (0.4, 500)],
)
def test_false_alarms_are_rare(share: float, held_out: int) -> None:
    chances = stats.binom.pmf(np.arange(held_out + 1), held_out, share)
    alarm = sum(
        chance * stats.binom.sf(fewest_found(copies, held_out) - 1, COUNT, share)
        for copies, chance in enumerate(chances)
        if chance > 1e-7
    )
    assert alarm < LEVEL
    assert SNAPSHOTS * alarm < 0.01


@pytest.mark.parametrize(("held_out", "most"), [(0, 0.13), (20, 0.13), (100, 0.11), (500, 0.03)])
def test_a_small_share_of_copies_is_found(held_out: int, most: float) -> None:
    assert fewest_found(0, held_out) <= most * COUNT


def test_snapshots_before_and_after_a_step() -> None:
    for step in (100, 199, 200, 499, 999, 1000, 1001, 70_000, 10**8):
        assert last_snapshot(step) <= step < next_snapshot(step)
        assert next_snapshot(last_snapshot(step)) == next_snapshot(step)


def test_a_measurement_waits_until_it_takes_a_small_share_of_the_time(
    device: devices.Device,
) -> None:
    watch = watch_of(Shows(pictures(300, "others")), device)
    made = watch.trainer
    made.step, made.seconds = 100, watch.began + 1000
    assert not watch.is_due()  # no grid was drawn, so the time of samples is not known
    watch.grid_drawn(1.0)
    assert watch.cost == pytest.approx(4 + 2.4e-8 * 144 * (300 + 60 * (256 + 60)))
    assert watch.is_due()
    assert watch.cost
    made.seconds = watch.began + 0.99 * watch.cost / 0.03
    assert not watch.is_due()
    watch.measure()
    assert watch.spent >= watch.cost > 0
    made.seconds = math.inf
    assert not watch.is_due()  # before the next snapshot
    made.step = 230
    assert watch.is_due()
    made.seconds = watch.began + (watch.spent + 0.9 * watch.cost) / 0.03
    assert not watch.is_due()
    watch.grid_drawn(0.0)
    assert not watch.is_due()  # the cost is known by now
    made.seconds = watch.began + (watch.spent + 1.1 * watch.cost) / 0.03
    assert watch.is_due()
    watch.records.append({**watch.records[-1], "step": 230})
    made.step = 499
    assert not watch.is_due()


def test_the_first_measurement_counts_its_fit(
    device: devices.Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = VAE(SHAPE, 3, MLP([8]), sampler="gmm", components=2)
    watch = watch_of(model, device)
    made, clock, fits = watch.trainer, [0.0], []
    monkeypatch.setattr(copy_monitor, "FIT", 200)
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])
    fit = type(model.density).fit

    def slow(density: Any, codes: Tensor) -> None:
        clock[0] += 0.02 * len(codes)
        fits.append(len(codes))
        fit(density, codes)

    monkeypatch.setattr(type(model.density), "fit", slow)
    watch.grid_drawn(0.01)
    known = watch.cost
    assert known
    made.step, made.seconds = 100, watch.began + known / 0.03 + 0.1
    assert watch.is_due()
    assert watch.measure() is None  # the fit of 200 images takes 4 s
    assert fits == [20]
    assert watch.spent == pytest.approx(0.4)
    watch.grid_drawn(0.01)
    assert watch.cost == pytest.approx(known + 4)
    assert not watch.is_due()
    made.seconds = watch.began + (known + 4.4) / 0.03 + 0.1
    assert watch.is_due()
    assert watch.measure()
    assert fits == [20, 200]
    assert watch.spent <= 0.03 * (made.seconds - watch.began)
    assert not model.fitted


def test_a_fit_is_timed_with_fewer_than_ten_images_too(device: devices.Device) -> None:
    """It is too small to succeed, so the measurement follows at once."""
    few = images()
    given = Images(few.name, few.table, {**few.splits, "train": few.splits["train"][:9]})
    model = VAE(SHAPE, 3, MLP([8]), sampler="gmm", components=2)
    watch = watch_of(model, device, given, batch_size=3)
    watch.grid_drawn(0.0)
    watch.trainer.step, watch.trainer.seconds = 100, math.inf
    assert measured(watch)["copies.samples"] <= 1


def test_the_first_epoch_and_a_watch_that_is_off_have_no_measurement(
    device: devices.Device,
) -> None:
    watch = watch_of(Shows(pictures(300, "others")), device, batch_size=2)
    off = watch_of(Shows(pictures(300, "others")), device, watch_copies=False)
    for each in (watch, off):
        each.grid_drawn(0.0)
        each.trainer.seconds = math.inf
    watch.trainer.step = off.trainer.step = 150  # two images in each step
    assert not watch.is_due()
    watch.trainer.step = 200
    assert watch.is_due()
    assert not off.is_due()


def test_a_model_is_lent_as_it_is_sampled_and_is_as_before_afterwards(
    device: devices.Device,
) -> None:
    model = VAE(SHAPE, 3, MLP([8]), sampler="gmm", components=2)
    made = watch_of(model, device, ema=0.9).trainer
    ema = made.run_step.ema
    assert ema
    before, made_of = (
        {n: v.clone() for n, v in s.items()} for s in (model.state_dict(), ema.state)
    )
    with fitting.sampled(made, 100) as lent:
        assert isinstance(lent, Fitted)
        assert lent.fitted
        assert not lent.training
        for name, value in lent.named_parameters():
            assert torch.equal(value, made_of[name]), name
            assert not torch.equal(value, before[name]), name
    assert model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name
        assert torch.equal(ema.state[name], made_of[name]), name


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch, few_images: None) -> None:
    """Measure with every snapshot, on few images."""
    monkeypatch.setattr(copy_monitor, "SHARE", 1e9)


BATCHES = ("--set", "train.batch_size=100")


@pytest.mark.slow
@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("preset", ["gan.yaml", "vae-gmm.yaml"])
def test_the_watch_changes_no_bit_and_goes_on_when_a_run_is_resumed(
    preset: str, genmodels: CommandLine, workplace: Path
) -> None:
    given = ["train", "--config", preset, *TINY, *BATCHES]
    unwatched = [*given, "--set", "train.watch_copies=false", "--steps", 520, "--out", "unwatched"]
    assert genmodels(*unwatched).code == 0
    assert genmodels(*given, "--steps", 520, "--out", "watched").code == 0
    assert genmodels(*given, "--steps", 210, "--out", "resumed").code == 0
    assert genmodels("train", "--out", "resumed", "--resume", "--steps", 520).code == 0
    wanted, *others = (runs.Folder(Path(n)) for n in ("unwatched", "watched", "resumed"))
    assert wanted.copies() == []
    saved = wanted.latest().tensors
    for folder in others:
        found = folder.latest().tensors
        assert found.keys() == saved.keys()
        for name, tensor in saved.items():
            assert torch.equal(tensor, found[name]), name
        for a, b in zip(wanted.log(), folder.log(), strict=True):
            assert {**a, "seconds": 0} == {**b, "seconds": 0}
        assert [record["step"] for record in folder.copies()] == [100, 200, 500]
    for a, b in zip(*(folder.copies() for folder in others), strict=True):
        assert {**a, "seconds": 0} == {**b, "seconds": 0}


@pytest.mark.usefixtures("always")
def test_copying_is_said_once_also_when_a_run_is_resumed(
    genmodels: CommandLine, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = data.load("glyphs", validation=0.1)
    new, copies = (given.batch(given.splits[split][:COUNT]).images for split in (TEST, TRAIN))
    shown = iter([new, copies, copies])
    monkeypatch.setattr(sampling, "sample", lambda *_: [next(shown)])
    words = ["train", "--config", "vae.yaml", *TINY, *BATCHES, "--out", "run", "--steps"]
    said = genmodels(*words, 210).err
    assert said.count("copying begins: at step 200, 100 % of samples") == 1
    assert "again with --steps 100, whose snapshot shows no sign of it, or with more" in said
    assert "copying begins" not in genmodels(*words, 510, "--resume").err
    found = runs.Folder(Path("run")).copies()
    assert [(r["step"], r["copies.found"]) for r in found] == [(100, 0), (200, 1), (500, 1)]


@pytest.mark.usefixtures("always")
def test_a_training_goes_on_where_samples_cannot_be_drawn(
    genmodels: CommandLine, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Iterator[Tensor]:
        raise InputError("no mixture of 9 can be fitted")

    monkeypatch.setattr(sampling, "sample", refuse)
    words = ["train", "--config", "vae.yaml", *TINY, *BATCHES, "--out", "run", "--steps", 130]
    outcome = genmodels(*words)
    assert outcome.code == 0
    assert outcome.err.count("counted now: no mixture of 9 can be fitted") == 1
    assert runs.Folder(Path("run")).copies() == []


@pytest.mark.slow
def test_a_model_that_copies_is_found_and_one_that_does_not_is_not(
    genmodels: CommandLine, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy_monitor, "SHARE", 1e9)  # each snapshot is measured
    given = data.load("glyphs")
    Path("few").mkdir()
    for row in given.splits[TRAIN][::48].tolist():  # 250, of which about 200 are trained on
        Image.fromarray(given.table[row, 0].numpy()).save(f"few/{row}.png")
    # Two codes for each component of the mixture: measured, 0, 2 and 39 % are copies at steps
    # 100, 200 and 500.
    words = ["--config", "vae-gmm.yaml", "--data", "few", "--set", "model.components=90"]
    outcome = genmodels("train", *words, "--steps", 500, "--device", "cpu", "--out", "few-run")
    assert outcome.code == 0
    assert outcome.err.count("copying begins: at step") == 1
    shares = [record["copies.samples"] for record in runs.Folder(Path("few-run")).copies()]
    assert shares[0] < 0.1
    assert shares[-1] > 0.2
    words = ["--config", "vae-gmm.yaml", "--data", "glyphs", "--budget", "20s"]
    outcome = genmodels("train", *words, "--device", "cpu", "--out", "many-run")
    assert outcome.code == 0
    assert "copying begins" not in outcome.err
    found = runs.Folder(Path("many-run")).copies()
    assert found[-1]["step"] >= 500
    assert not any(record["copies.found"] for record in found)
