"""What a function is given means the same everywhere, and is refused in the same words."""

import inspect
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor

from conftest import CommandLine, Outcome, Trained
from genmodels import InputError, Run, api, load, sampling
from genmodels.cli.wording import as_flags
from genmodels.errors import brief
from genmodels.sampling import interpolation
from genmodels.sampling.interpolation import Mode

CONDITIONAL = ("vae.yaml", "--set", "model.conditional=true", "--set", "train.ema=0.5")
IMAGES, LABELS = torch.full((2, 1, 28, 28), 0.5), torch.tensor([1, 2])
FUNCTIONS: dict[str, tuple[Callable[..., object], tuple[object, ...]]] = {
    "sample": (api.sample, ()),
    "sample_to": (api.sample_to, ("samples.npz",)),
    "interpolate": (api.interpolate, ()),
    "Run.sample": (Run.sample, ()),
    "Run.interpolate": (Run.interpolate, ()),
    "Run.encode": (Run.encode, (IMAGES, LABELS)),
    "Run.decode": (Run.decode, (torch.zeros(2, 4), LABELS)),
    "Run.reconstruct": (Run.reconstruct, (IMAGES, LABELS)),
    "Run.model": (Run.model, ()),
}
WRONG: Any = 3  # of a type that nothing takes
ARRAY: Any = np.zeros((40, 40))  # which Python writes in many lines, and has no truth
NOTHING: Any = None
WEIGHTS = "unknown `weights` {}; use ema or last"
DEVICE = "`device={}`: use auto, cpu, cuda, cuda:1 or mps"
SEED = "`seed={}`: give an integer, 0 or more"
LABEL = "`label={}`: give an integer, 0 or more"
CHANGES = "`changes` {}: give a dictionary such as {{'steps': 50}}"
REFUSED: list[tuple[str, Any, str]] = [
    ("weights", "Last", "unknown `weights` 'Last' (did you mean 'last'?); use ema or last"),
    *[("weights", given, WEIGHTS.format(repr(given))) for given in ("", 3, ["best", 1])],
    *[("weights", given, WEIGHTS.format(brief(given))) for given in (ARRAY, np.array(["ema"]))],
    ("device", "gpu", "unknown device 'gpu' (did you mean 'cpu'?); "
     "use auto, cpu, cuda, cuda:1 or mps"),
    *[("device", given, DEVICE.format(repr(given))) for given in (None, 0, torch.device("cpu"))],
    *[("seed", given, SEED.format(repr(given))) for given in (-1, 1.5, True, None, "1")],
    *[("label", given, LABEL.format(repr(given))) for given in (-1, 1.5, True, ["1"])],
    ("label", 99, "`label=99`: there is no such class (did you mean '9'?); "
        "give a number or a name of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"),
    *[("changes", given, CHANGES.format(repr(given))) for given in (3, "steps=3", {3: 4})],
    ("changes", {"latent_dim": 3}, "model.latent_dim cannot be changed after training; "
     "of a trained VAE, nothing can"),
]  # fmt: skip


@pytest.fixture
def run(workplace: Path, trained: Trained) -> Run:
    return load(trained(workplace / "runs" / "mine", *CONDITIONAL))


def refusing(name: str) -> list[str]:
    return [
        where
        for where, (function, _) in FUNCTIONS.items()
        if name in inspect.signature(function).parameters
    ]


@pytest.mark.parametrize(("name", "given", "message"), REFUSED, ids=lambda value: str(value)[:30])
def test_a_wrong_value_is_refused_in_the_same_words(
    name: str, given: object, message: str, run: Run
) -> None:
    assert refusing(name)
    for where in refusing(name):
        function, others = FUNCTIONS[where]
        with pytest.raises(InputError) as refused:
            function(run, *others, **{name: given})
        assert (where, str(refused.value)) == (where, message)


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["--weights", "Last"], {"weights": "Last"}),
        (["--label", "99"], {"label": 99}),
        (["--label", "99"], {"label": "99"}),
        (["--label", "-1"], {"label": "-1"}),
        (["--label", "ten"], {"label": "ten"}),
        (["--set", "model.latent_dim=3"], {"changes": {"latent_dim": 3}}),
        (["--set", "model.stps=3"], {"changes": {"stps": 3}}),
    ],
    ids=lambda value: str(value),
)
@pytest.mark.parametrize("command", ["sample", "interpolate"])
def test_the_command_line_refuses_in_the_same_words(
    command: str, words: list[str], given: dict[str, object], run: Run,
    genmodels: CommandLine,
) -> None:  # fmt: skip
    with pytest.raises(InputError) as refused:
        FUNCTIONS[command][0](run, **given)
    outcome = genmodels(command, run.path, *words)
    assert outcome == Outcome(2, "", f"genmodels: {as_flags(str(refused.value))}\n")


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["--count", "0"], {"count": 0}),
        (["--count", "-1"], {"count": -1}),
        (["--label", "each", "--count", "0"], {"label": "each", "count": 0}),
    ],
    ids=str,
)
def test_counts_are_refused_alike(
    words: list[str], given: dict[str, object], run: Run, genmodels: CommandLine
) -> None:
    for where in ("sample", "Run.sample", "sample_to"):
        function, others = FUNCTIONS[where]
        with pytest.raises(InputError, match=r"^`count=(0|-1)`: give an integer, 1 or more$"):
            function(run, *others, **given)
    outcome = genmodels("sample", run.path, *words)
    line = f"genmodels: --count {words[-1]}: give an integer, 1 or more\n"
    assert outcome == Outcome(2, "", line)


@pytest.mark.parametrize(
    ("command", "option", "least"),
    [("sample", "count", 1), ("interpolate", "rows", 1), ("interpolate", "steps", 2),
     ("verify", "replay", 1), ("compare", "count", 10), ("train", "steps", 1),
     ("train", "seed", 0)],
)  # fmt: skip
def test_every_integer_is_refused_in_the_same_words(
    command: str, option: str, least: int, run: Run, genmodels: CommandLine
) -> None:
    words = ["train", "-c", "vae.yaml"] if command == "train" else [command, run.path]
    for given in {-1, least - 1}:
        outcome = genmodels(*words, f"--{option}", given)
        line = f"genmodels: --{option} {given}: give an integer, {least} or more\n"
        assert outcome == Outcome(2, "", line)
    if command != "train":
        outcome = genmodels(*words, f"--{option}", 2**31)
        line = f"genmodels: --{option} 2147483648: give an integer, 2,147,483,647 or less\n"
        assert outcome == Outcome(2, "", line)


@pytest.mark.parametrize("given", [{"device": "gpu"}, {"match": "time"}, {"shard": "3/2"}], ids=str)
def test_compare_refuses_alike(given: dict[str, Any], run: Run, genmodels: CommandLine) -> None:
    with pytest.raises(InputError) as refused:
        api.compare(run, **given)
    ((name, value),) = given.items()
    outcome = genmodels("compare", run.path, f"--{name}", value)
    assert outcome == Outcome(2, "", f"genmodels: {as_flags(str(refused.value))}\n")


def test_compare_and_train_refuse_seeds_and_devices_as_others_do(run: Run) -> None:
    for name, given, message in REFUSED:
        if name in ("seed", "device") and given is not None:  # None leaves a key as it is
            with pytest.raises(InputError) as refused:
                api.compare(run, **{name: given})
            assert str(refused.value) == message
            with pytest.raises(InputError) as refused:
                api.train("vae.yaml", data="glyphs", **{name: given})
            assert str(refused.value) == message


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda run: api.load(WRONG), "run 3: give a run's folder"),
        (lambda run: api.sample(WRONG), "run 3: give a run's folder"),
        (lambda run: api.verify(WRONG), "run 3: give a run's folder"),
        (
            lambda run: api.compare(WRONG),
            "compare 3: give runs, their folders, configurations or images",
        ),
        (lambda run: api.compare([run, WRONG]), "compare 3: give runs, their folders, configur"),
        (lambda run: api.compare(run, out=WRONG), "`out=3`: give a path"),
        (lambda run: api.train(WRONG), "`source=3`: give a path"),
        (lambda run: api.train("vae.yaml", out=WRONG), "`out=3`: give a path"),
        (lambda run: api.config(NOTHING), "`source=None`: give a path"),
        (lambda run: api.runs(WRONG), "`home=3`: give a path"),
        (lambda run: api.datasets(WRONG), "`data_root=3`: give a path"),
        (lambda run: api.describe(WRONG), "`name=3`: give a model's class, or a preset's name"),
        (lambda run: api.sample_to(run, WRONG), "`path=3`: give a path"),
        (lambda run: api.save_images(IMAGES, WRONG), "`path=3`: give a path"),
        (lambda run: run.interpolate(start=WRONG, label=1), "`start=3`: give a path"),
        (lambda run: run.interpolate(mode=NOTHING), "`mode=None`: use slerp or lerp or perturb"),
        (lambda run: run.interpolate(shifts="0:4,1,1"), "`shifts` '0:4,1,1': give a list such as"),
        (
            lambda run: run.interpolate("perturb", shifts=[WRONG]),
            "`shifts` [3]: give a list such as",
        ),
        (lambda run: run.encode(WRONG), "`images`: an int; give a tensor (N, C, H, W) in [0, 1]"),
        (lambda run: run.encode(IMAGES * 3, LABELS), "`images`: values from 1.5 to 1.5; give"),
        (lambda run: run.encode(IMAGES[..., 1:], LABELS), "this run has images (N, 1, 28, 28)"),
        (lambda run: run.encode(IMAGES), "`labels`: this VAE needs labels; give 2 integers from 0"),
        (lambda run: run.encode(IMAGES, LABELS[:1]), "`labels`: a tensor (1,) of int64; give 2"),
        (lambda run: run.encode(IMAGES, LABELS / 2), "`labels`: a tensor (2,) of float32; give 2"),
        (lambda run: run.encode(IMAGES, LABELS + 9), "`labels`: from 10 to 11; give 2 integers"),
        (lambda run: run.decode(torch.ones(2, 3), LABELS), "give floats (N, 4)"),
        (lambda run: run.decode(LABELS, LABELS), "`latents`: a tensor (2,) of int64; give floats"),
        (lambda run: api.replay(run, steps=0), "=0`: give an integer, 1 or more"),
        (lambda run: run.interpolate(ARRAY), "unknown `mode` array([[0., 0.,"),
        (lambda run: run.interpolate(quiet=WRONG), "`quiet=3`: give True or False"),
        (lambda run: run.interpolate("perturb", shifts=["0:5,1,1"]), "`shifts` 0:5: the latent"),
        (
            lambda run: run.interpolate("perturb", shifts=["0:4,1e38,1e38"]),
            "`shifts`: latents become infinite in 21 frames",
        ),
        (lambda run: api.compare(run, match=ARRAY), "unknown `match` array([[0., 0.,"),
        (lambda run: api.config("vae.yaml", epochs=ARRAY), "`epochs=array([[0., 0.,"),
        (lambda run: api.config("vae.yaml", budget="10"), "`budget`: is '10'; a budget looks"),
        (lambda run: api.config("vae.yaml", settings={"sed": 1}), "`settings` sed: unknown key"),
        (lambda run: api.config("vae.yaml", on_bad="skip"), "`on_bad=skip` is for folders of"),
        (lambda run: api.load("a\0b"), "no run at 'a\\x00b'"),
        (lambda run: api.train("vae.yaml", out="a\0b"), "`out='a\\x00b'`: embedded null byte"),
        (lambda run: api.train("vae.yaml", out=""), "`out=''`: give a path"),
        (lambda run: api.compare(run, out="x" * 999), "...`: File name too long; give another"),
        (lambda run: api.datasets("~nobody-of-this-name"), "`data_root='~nobody-of-this-name'`: C"),
        (lambda run: api.config("x" * 5000), "`source='xxxx"),
        (lambda run: api.train("vae.yaml", data="x" * 5000), "unknown data set 'xxxx"),
        (lambda run: api.compare(run, features="x" * 5000), "unknown `features` 'xxxx"),
        (
            lambda run: api.Run(cast(Any, "runs/mine")),
            "Run('runs/mine'): open a run with genmodels.load('runs/mine')",
        ),
        (lambda run: api.train(out="runs/nope", resume=True), "no run at 'runs/nope'; the newest"),
    ],
    ids=range(47),
)
def test_what_else_is_refused(call: Callable[[Run], object], message: str, run: Run) -> None:
    with pytest.raises(InputError) as refused:
        call(run)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


ODD: dict[str, Callable[[Tensor], Tensor]] = {
    "sparse": Tensor.to_sparse,
    "meta": lambda tensor: tensor.to("meta"),
    "float8": lambda tensor: tensor.to(torch.float8_e4m3fn),
    "nested": lambda tensor: torch.nested.nested_tensor([*tensor]),
    "sparse bytes": lambda tensor: tensor.byte().to_sparse(),
}


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors:UserWarning")
@pytest.mark.parametrize("kind", ODD)
def test_odd_tensors_are_refused(kind: str, run: Run) -> None:
    images, latents = ODD[kind](IMAGES), ODD[kind](torch.zeros(2, 4))
    calls: list[tuple[str, Callable[[], object]]] = [
        ("images", lambda: api.save_images(images, "a.png")),
        ("images", lambda: api.save_images(images, "a.npz")),
        ("images", lambda: api.grid(images)),
        ("images", lambda: run.encode(images, LABELS)),
        ("images", lambda: run.reconstruct(images, LABELS)),
        ("latents", lambda: run.decode(latents, LABELS)),
        ("labels", lambda: run.encode(IMAGES, ODD[kind](LABELS))),
    ]
    for name, call in calls:
        with pytest.raises(InputError, match=rf"^`{name}`: a tensor .*; give .*$"):
            call()


@pytest.mark.parametrize("mode", ["slerp", "perturb"])
def test_frames_that_fit_in_no_picture_are_refused_before_they_are_made(
    mode: Mode, run: Run, monkeypatch: pytest.MonkeyPatch, genmodels: CommandLine
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("latents were drawn")

    monkeypatch.setattr(sampling, "latents", fail)
    with pytest.raises(InputError, match=r"^`steps=100000` and `rows=1000` are too many for a pic"):
        run.interpolate(mode, steps=100_000, rows=1000)
    given = ["--mode", mode, "--steps", "100000", "--rows", "1000", "--out", "s.gif"]
    refused = genmodels("interpolate", run.path, *given)
    assert refused.code == 2
    assert "--steps 100000 and --rows 1000 are too many" in refused.err
    assert not Path("s.gif").exists()


def test_frames_are_finite(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = torch.full((1, 2, 1, 28, 28), math.nan)
    monkeypatch.setattr(interpolation, "decode", lambda *given: frames)
    with pytest.raises(InputError, match="`shifts`: the images are not finite; shift by less"):
        run.interpolate("perturb", shifts=["0:4,9e37,0"])


def test_latents_are_finite(run: Run) -> None:
    for value in (float("nan"), 1e300):
        latents = torch.full((2, 4), value, dtype=torch.float64)
        with pytest.raises(InputError, match=r"^`latents`: not all are finite"):
            run.decode(latents, LABELS)


def test_pictures_have_one_or_three_channels(workplace: Path) -> None:
    five = torch.zeros(2, 5, 8, 8)
    for call in (api.grid, lambda images: api.save_images(images, "a.png")):
        with pytest.raises(InputError, match=r"^`images`: a picture has 1 or 3 channels, not 5;"):
            call(five)
    with pytest.raises(InputError, match="has 1 or 3 channels, not 5"):
        api.save_images(five.unsqueeze(0), "a.gif")
    assert not list(workplace.iterdir())
    assert np.load(api.save_images(five, "a.npy")).shape == five.shape


def test_columns_are_those_of_a_grid(workplace: Path) -> None:
    for columns in (10**9, 2**31 - 1):
        for call in (api.grid, lambda images, given: api.save_images(images, "a.png", given)):
            with pytest.raises(InputError, match=r"^a grid of [\d,]+ columns and 1 rows is too"):
                call(IMAGES, columns)
    for name, images in (("a.npz", IMAGES), ("a", IMAGES), ("a.png", IMAGES.unsqueeze(0))):
        with pytest.raises(InputError, match=r"^`columns=3` is for a grid of images; leave it out"):
            api.save_images(images, name, 3)
    assert not list(workplace.iterdir())
    assert api.grid(IMAGES, 5).size == (3 * (5 * 30 + 2), 3 * 32)  # with three empty places


# What is accepted.


@pytest.mark.parametrize("way", ["run", "text", "path", "name", "newest"])
def test_a_run_is_given_in_any_way(way: str, run: Run) -> None:
    given: dict[str, Run | str | Path | None] = {
        "run": run, "text": "runs/mine", "path": Path("runs/mine"), "name": "mine", "newest": None,
    }  # fmt: skip
    chosen = given[way]
    assert load(run.path).path.samefile(run.path)
    assert torch.equal(api.sample(chosen, 3), run.sample(3))
    walks = run.interpolate(rows=1, steps=2)
    assert torch.equal(api.interpolate(chosen, rows=1, steps=2), walks)
    assert api.sample_to(chosen, count=2).parent.samefile(run.path / "samples")
    assert next(finding.path for finding in api.verify(chosen)) == "config.yaml"
    assert api.replay(chosen, steps=1, quiet=True) == []


def test_labels_are_numbers_or_names(run: Run) -> None:
    by_number = run.sample(2, label=7)
    assert torch.equal(run.sample(2, label="7"), by_number)
    assert not torch.equal(run.sample(2, label=8), by_number)
    each = api.sample(run, 2, label="each")
    assert each.shape == (20, 1, 28, 28)
    torch.testing.assert_close(each[7::10], by_number)
    seven = run.interpolate(rows=1, steps=2, label=7)
    assert torch.equal(api.interpolate(run, rows=1, steps=2, label="7"), seven)


def test_weights_are_the_ema_where_there_is_one(run: Run) -> None:
    calls: list[Callable[..., Tensor]] = [
        lambda **given: run.sample(2, **given),
        lambda **given: run.interpolate(rows=1, steps=2, **given),
        lambda **given: run.encode(IMAGES, LABELS, **given),
        lambda **given: run.decode(torch.zeros(2, 4), LABELS, **given),
        lambda **given: run.reconstruct(IMAGES, LABELS, **given),
    ]
    for call in calls:
        usual = call()
        assert torch.equal(call(weights="ema"), usual)
        assert not torch.equal(call(weights="last"), usual)
        assert torch.equal(call(device="cpu", changes={}), usual)


def test_without_ema_weights_the_last_weights_are_used(workplace: Path, trained: Trained) -> None:
    run = load(trained(workplace / "plain", "vae.yaml", "--set", "train.ema=null"))
    assert torch.equal(run.sample(2), run.sample(2, weights="last"))
    for function in (api.sample, Run.sample, api.interpolate, Run.interpolate):
        with pytest.raises(InputError, match="has no EMA weights; use `weights=last`"):
            function(run, weights="ema")


def test_seeds_decide(run: Run) -> None:
    assert torch.equal(run.sample(2, seed=3), run.sample(2, seed=3))
    assert not torch.equal(run.sample(2, seed=3), run.sample(2, seed=4))
    walks = [run.interpolate(rows=1, steps=2, seed=seed) for seed in (3, 3, 4)]
    assert torch.equal(walks[0], walks[1])
    assert not torch.equal(walks[0], walks[2])
    assert run.sample(1, seed=2**70).shape == (1, 1, 28, 28)
