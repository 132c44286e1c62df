"""Studies: the same numbers each time, nothing trained twice, training untouched."""

import json
import math
import os
import re
import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
from filelock import FileLock

from conftest import TINY, CommandLine, Train, Trained
from genmodels import api, runs
from genmodels.comparison import measure
from genmodels.console import Display
from genmodels.errors import InputError
from genmodels.evaluation.baselines import MEANINGS
from genmodels.evaluation.metrics import likelihood, table
from genmodels.runs import checkpoint

SMALL = """
model: {{class: {kind}, latent_dim: 8, network: {{class: MLP, hidden: [16]}}}}
data: {{name: glyphs}}
train: {{batch_size: 500, epochs: {epochs}}}
perturb: [{{dims: "0:4", start: -1, step: 0.1}}]
"""
pytestmark = pytest.mark.usefixtures("known_features")
QUICK = ("--count", "300")
ONE = Path("comparison/runs/one-seed-0")


def write(name: str, kind: Any, epochs: int = 1) -> None:
    Path(name).write_text(SMALL.format(kind=kind, epochs=epochs))


def report(folder: str = "comparison") -> Any:
    return json.loads((Path(folder) / "report.json").read_text())


def log(run: str) -> Any:
    return [json.loads(line) for line in Path(run, "log.jsonl").read_text().splitlines()]


def tensors(run: Path) -> dict[str, Any]:
    with safetensors.safe_open(max((run / "checkpoints").iterdir()), framework="np") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


@pytest.fixture
def pair(workplace: Path, trained: Trained) -> Any:
    trained(workplace / "runs" / "vae-1", "vae.yaml", "--set", "train.ema=null")
    trained(workplace / "runs" / "gan-1", "gan.yaml")
    return ["runs/vae-1", "runs/gan-1"]


@pytest.mark.slow
def test_evaluating_again_gives_the_same_report(
    genmodels: CommandLine, pair: Any, own_cache: Path
) -> None:
    for folder in ("first", "second"):
        words = (*QUICK, "--claims", "report", "--out", folder)
        assert genmodels("compare", *pair, *words).code == 0
        shutil.rmtree(own_cache / "evaluations")
    first, second = report("first"), report("second")
    assert first.pop("measured") != second.pop("measured")
    assert first == second
    assert {"floor", "copycat", "gaussian", "mean_image"} <= first.keys()
    text = json.dumps(first, allow_nan=False)
    assert "runs/" not in text
    protocol = first["protocol"]
    assert protocol["real_images"] == protocol["generated_images"] == 300
    assert protocol["few_images"]
    assert any("Only 300 images" in line for line in first["fairness"])
    assert len(first["verdicts"]) == 5
    assert first["pairs"][0]["verdict"] == "not resolved: one seed"


@pytest.mark.slow
@pytest.mark.drawn
def test_what_a_family_lacks_has_a_reason(genmodels: CommandLine, pair: Any) -> None:
    assert genmodels("compare", *pair, *QUICK).code == 0
    vae, gan = report()["models"]
    assert vae["numbers"]["nll_binary_iwae_100"]["mean"] < vae["numbers"]["nll_binary_elbo"]["mean"]
    assert gan["undefined"]["nll_binary"] == "the model has no likelihood"
    assert vae["undefined"]["nll_levels"].startswith("its likelihood is of another kind: binar")
    assert "nll_binary" not in vae["undefined"]
    assert gan["undefined"]["reconstruction_error"] == "the model has no encoder"
    assert vae["undefined"]["discriminator_ranks"] == "the model has no discriminator"
    assert [w["name"] for w in gan["runs"][0]["weights"]] == ["ema", "last", "best"]
    assert [w["name"] for w in vae["runs"][0]["weights"]] == ["last", "best"]
    assert 0 <= gan["numbers"]["discriminator_right_on_samples"]["mean"] <= 1


def test_every_number_of_a_comparison_has_a_row(genmodels: CommandLine, pair: Any) -> None:
    assert genmodels("compare", *pair, *QUICK).code == 0
    content = report()
    measured = content["measured"]["models"].values()
    keys = {key for model in content["models"] for key in model["numbers"]}
    keys |= {key for results in measured for result in results for key in result}
    keys |= {key for name in MEANINGS for key in content[name]["numbers"]}
    assert len(keys) > 40
    assert sorted(key for key in keys - {"seed", "run"} if table.metric_of(key) is None) == []
    for model in content["models"]:
        assert model["numbers"][table.SPREAD]["mean"] > 0
    for file in ("report.md", "report.html"):
        assert table.label(table.SPREAD) in Path("comparison", file).read_text()


def test_progress_is_that_of_samples_within_each_run(
    genmodels: CommandLine, pair: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []

    def advance(
        self: Any, what: Any, done: Any, total: Any, note: str = "", details: Any = ()
    ) -> None:
        if what == "comparing":
            told.append((done, total, note, list(details)))

    monkeypatch.setattr(Display, "advance", advance)
    assert genmodels("compare", *pair, *QUICK).code == 0
    shares = [done for done, _, _, _ in told]
    assert shares == sorted(shares)
    assert {total for _, total, _, _ in told} == {3}
    assert shares[-1] == 3
    for number, run in enumerate(pair, 1):
        notes = [note for _, _, note, details in told if details == [str(run)]]
        assert made_and_planned(notes[-1])[0] == made_and_planned(notes[-1])[1]
        assert notes[-1].endswith("  0s left for this run")
        assert len([share for share in shares if number < share < number + 1]) >= 3


def made_and_planned(note: Any) -> Any:
    return re.findall(r"([\d,]+) of ([\d,]+) images", note)[0]


@pytest.mark.slow
@pytest.mark.parametrize("swapped", [False, True])
def test_the_best_snapshot_is_the_end_or_an_earlier_one(
    genmodels: CommandLine,
    workplace: Path,
    monkeypatch: pytest.MonkeyPatch,
    swapped: bool,
) -> None:
    Path("long.yaml").write_text(SMALL.format(kind="VAE", epochs=10))
    words = ("--config", "long.yaml", "--set", "data.validation=0.1", "--steps", "200")
    assert genmodels("train", *words, "--out", "run").code == 0
    folder = runs.Folder(Path("run"))
    first, end = folder.snapshot_paths()
    assert (first.name, end.name) == ("step-000000100.safetensors", "step-000000200.safetensors")
    if swapped:
        (last,) = folder.checkpoint_paths()
        early, late = folder.read(first), folder.latest()
        checkpoint.save(first, late.tensors, early.header)
        checkpoint.save(last, {**late.tensors, **early.tensors}, late.header)
    notes = []
    monkeypatch.setattr(Display, "advance", lambda *given: notes.append(given[4]))
    assert genmodels("compare", "run", *QUICK).code == 0
    made, planned = made_and_planned(notes[-1])
    assert made == planned
    (model,) = report()["models"]
    numbers = {name: number["mean"] for name, number in model["numbers"].items()}
    best = next(w for w in model["runs"][0]["weights"] if w["name"] == "best")
    assert best["step"] == (100 if swapped else 200)
    assert [point["step"] for point in model["runs"][0]["curve"]] == [100, 200]
    if swapped:
        assert numbers["distance_gap"] > 0
    else:
        assert numbers["distance_best"] == numbers["fd_domain"]
        assert numbers["distance_gap"] == 0


@pytest.mark.slow
@pytest.mark.drawn
def test_a_number_that_is_infinite_is_not_defined(
    genmodels: CommandLine, pair: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds = likelihood.Bounds("binary", {"elbo": math.inf}, 3)
    monkeypatch.setattr(likelihood, "bounds", lambda *given: bounds)
    assert genmodels("compare", *pair, *QUICK).code == 0
    vae = report()["models"][0]
    assert vae["numbers"]["active_units"]["mean"] == 3
    assert "nll_binary_elbo" not in vae["numbers"]
    assert vae["undefined"]["nll_binary_elbo"] == "it is inf: the model is broken"


@pytest.mark.slow
@pytest.mark.drawn
def test_files_of_a_report(genmodels: CommandLine, pair: Any) -> None:
    outcome = genmodels("compare", *pair, *QUICK, "--out", "study")
    assert "study/report.html" in outcome.out
    text = Path("study/report.md").read_text()
    assert "| FD on domain features |" in text
    assert "the model" not in text.splitlines()[0]
    page = Path("study/report.html").read_text()
    assert len(page) < 5e6
    assert "http:" not in page
    assert "https:" not in page
    assert (Path("study/figures") / "samples-0-last.png").is_file()


@pytest.mark.drawn
def test_one_run_alone(genmodels: CommandLine, pair: Any) -> None:
    outcome = genmodels("compare", pair[0], *QUICK)
    assert outcome.code == 0
    assert outcome.out.count("the noise floor is") == 1
    assert report()["verdicts"] == []


@pytest.mark.slow
@pytest.mark.drawn
def test_seeds_are_trained_once_and_compared(genmodels: CommandLine, workplace: Path) -> None:
    write("one.yaml", "VAE")
    write("two.yaml", "GAN")
    words = ["compare", "one.yaml", "two.yaml", "--seeds", "2", *QUICK, "--out", "study"]
    assert genmodels(*words).code == 0
    runs = sorted(path.name for path in Path("study/runs").iterdir())
    assert runs == [f"{name}-seed-{seed}" for name in ("one", "two") for seed in (0, 1)]
    files = {p: p.stat().st_mtime_ns for p in Path("study/runs").rglob("*") if p.is_file()}
    shutil.rmtree("study/runs/two-seed-1")  # as after an interruption
    first = report("study")
    assert genmodels(*words).code == 0
    again = report("study")
    for found in (first, again):
        found.pop("measured")
        for model in found["models"]:
            for run in model["runs"]:
                for point in run["curve"]:
                    point.pop("seconds")
            model.pop("arrivals")
        found.pop("verdicts")  # these and the next speak of seconds of training
        found.pop("fairness")
    assert first == again
    kept = {p: t for p, t in files.items() if "two-seed-1" not in str(p)}
    assert {p: p.stat().st_mtime_ns for p in kept} == kept
    estimate = first["models"][0]["numbers"]["fd_domain"]
    assert len(estimate["values"]) == 2
    seeds_alone = 12.7062 * np.std(np.log(estimate["values"]), ddof=1) / 2**0.5
    half = math.log(estimate["high"] / estimate["low"]) / 2
    assert half == pytest.approx(seeds_alone, rel=1e-4)  # too few test images for their error
    (pair,) = first["pairs"]
    assert pair["verdict"] in (
        "not resolved",
        "depends on the judge",
        f"{pair['better']} is better",
    )
    assert pair["ratio"] >= 1
    assert pair["detectable"] is None or pair["detectable"] > 0


@pytest.mark.slow
def test_each_run_keeps_its_own_validation_split(genmodels: CommandLine, workplace: Path) -> None:
    write("one.yaml", "VAE")
    Path("two.yaml").write_text(
        Path("one.yaml").read_text().replace("glyphs", "glyphs, validation: 0")
    )
    assert genmodels("compare", "one.yaml", "two.yaml", *QUICK).code == 0
    one, two = report()["models"]
    assert [w["name"] for w in one["runs"][0]["weights"]] == ["last", "best"]
    assert [w["name"] for w in two["runs"][0]["weights"]] == ["last"]
    assert "data.validation is 0" in two["undefined"]["distance_best"]
    assert one["numbers"]["distance_gap"]["mean"] == pytest.approx(
        one["numbers"]["fd_domain"]["mean"] - one["numbers"]["distance_best"]["mean"]
    )


@pytest.mark.slow
def test_match_gives_the_same_images(genmodels: CommandLine, workplace: Path) -> None:
    write("one.yaml", "VAE", epochs=2)
    write("two.yaml", "GAN", epochs=1)
    words = ["compare", "one.yaml", "two.yaml", "--match", "images", *QUICK]
    assert genmodels(*words).code == 0
    counts = [m["numbers"]["training_images"]["mean"] for m in report()["models"]]
    assert counts[0] == counts[1] > 0
    assert not any("Unequal training images" in line for line in report()["fairness"])


@pytest.mark.slow
def test_evaluation_does_not_change_training(genmodels: CommandLine, workplace: Path) -> None:
    words = ["train", "--config", "gan.yaml", *TINY, "--out"]
    assert genmodels(*words, "whole", "--epochs", "2").code == 0
    assert genmodels(*words, "watched", "--epochs", "1").code == 0
    assert genmodels("compare", "watched", *QUICK).code == 0
    assert genmodels(*words, "watched", "--epochs", "2", "--resume").code == 0
    whole, watched = tensors(Path("whole")), tensors(Path("watched"))
    for name, tensor in whole.items():
        np.testing.assert_array_equal(tensor, watched[name], err_msg=name)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--features", "domian"], "did you mean 'domain'"),
        (["--features", "missing.safetensors"], "unknown --features"),
        (["--seeds", "0"], "--seeds 0"),
        (["--count", "1"], "--count 1: give an integer, 10 or more"),
        (["--match", "pictures"], "unknown --match"),
    ],
)
def test_what_is_refused(words: list[str], said: str, genmodels: CommandLine, pair: Any) -> None:
    outcome = genmodels("compare", *pair, *words)
    assert outcome.code == 2
    assert said in outcome.err.splitlines()[-1]
    assert not Path("comparison/report.json").exists()


def test_weights_that_are_broken_are_named(genmodels: CommandLine, pair: Any) -> None:
    from safetensors.torch import save_file

    from genmodels.runs import checkpoint

    (path,) = Path(pair[1], "checkpoints").iterdir()
    saved = checkpoint.load(path)
    broken = {name: tensor * float("nan") for name, tensor in saved.tensors.items()}
    header = json.dumps({**saved.header, "format": 1})  # whose writer did not look
    save_file(broken, path, {checkpoint.HEADER: header})
    outcome = genmodels("compare", *pair, *QUICK)
    assert outcome.code == 2
    assert "runs/gan-1: the images are not finite" in outcome.err.splitlines()[-1]


def draw(folder: str, shades: list[int]) -> None:
    from PIL import Image

    Path(folder).mkdir(parents=True)
    for number, shade in enumerate(shades):
        Image.new("L", (12, 12), shade).save(f"{folder}/{number}.png")


def test_a_folder_without_enough_test_pictures(genmodels: CommandLine, workplace: Path) -> None:
    draw("mine/only", list(range(0, 240, 8)))
    words = ["--data", "mine", "--set", "train.batch_size=4", "--steps", "2"]
    assert genmodels("train", "--config", "vae.yaml", *words, "--out", "mine-1").code == 0
    for subject in ("mine-1", "vae.yaml"):  # a configuration is refused before it is trained
        outcome = genmodels("compare", subject, *(words if subject == "vae.yaml" else []))
        assert outcome.code == 2
        assert "10 or more of each are needed to compare with" in outcome.err.splitlines()[-1]
        assert not Path("comparison").exists()


def test_equal_pictures_leave_nothing_to_train_on(genmodels: CommandLine, workplace: Path) -> None:
    draw("same", [129] * 40)  # whose hash is among those held out
    outcome = genmodels("train", "--config", "vae.yaml", "--data", "./same")
    assert outcome.code == 2
    assert "add images that differ" in outcome.err.splitlines()[-1]


def test_what_cannot_be_compared_is_not_trained(genmodels: CommandLine, workplace: Path) -> None:
    write("one.yaml", "VAE")
    Path("two.yaml").write_text(
        Path("one.yaml").read_text().replace("glyphs", "glyphs, image_size: 14")
    )
    for words, said in (
        (["one.yaml", "two.yaml"], "have different data"),
        (["one.yaml", "--features", "missing.safetensors"], "unknown --features"),
    ):
        outcome = genmodels("compare", *words)
        assert outcome.code == 2
        assert said in outcome.err.splitlines()[-1]
        assert not Path("comparison").exists()


def is_refused(outcome: Any, said: str) -> None:
    """Exit code 2 and one line; nothing was trained."""
    assert outcome.code == 2
    (line,) = outcome.err.splitlines()
    assert said in line
    assert "training" not in outcome.err.partition("genmodels: ")[0]


def test_a_run_of_other_data_is_refused_before_training(
    genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    run = trained(workplace / "runs" / "vae-1")
    write("one.yaml", "VAE")
    words = ["compare", "runs/vae-1", "one.yaml", *QUICK]
    said = (
        "runs/vae-1 and comparison/runs/one-seed-0 have different data (glyphs 1x28x28, "
        "glyphs 1x14x14), so their numbers cannot be compared; take the same --data for all"
    )
    is_refused(genmodels(*words, "--set", "data.image_size=14"), said)
    next((run / "checkpoints").iterdir()).unlink()
    is_refused(genmodels(*words), "runs/vae-1 has no checkpoint")
    assert not Path("comparison").exists()


def test_a_run_counts_once(genmodels: CommandLine, workplace: Path, trained: Trained) -> None:
    trained(workplace / "runs" / "vae-1")
    trained(workplace / "runs" / "copy")
    again = ["compare", "runs/vae-1", "./runs/vae-1"]
    is_refused(genmodels(*again), "runs/vae-1 is given twice; give it once")
    said = "are vae with the same settings and seed 0, which count once"
    is_refused(genmodels("compare", "runs/vae-1", "runs/copy"), f"vae-1 and runs/copy {said}")
    asked = ["vae.yaml", *TINY, "--epochs", "1"]
    planned = "comparison/runs/vae-seed-0"
    is_refused(genmodels("compare", "runs/vae-1", *asked), f"runs/vae-1 and {planned} {said}")
    is_refused(genmodels("compare", "vae", *asked), "vae and vae.yaml both mean the run comparison")
    assert not Path("comparison").exists()


@pytest.mark.slow
def test_a_kept_run_is_what_is_asked_for(genmodels: CommandLine, workplace: Path) -> None:
    write("one.yaml", "VAE", epochs=3)
    words = ["compare", "one.yaml", *QUICK, "--features", "random"]
    assert genmodels(*words).code == 0
    kept = {path: path.stat().st_mtime_ns for path in Path("comparison").rglob("*")}
    run = "comparison/runs/one-seed-0"
    longer = f"{run} was trained for 63 steps in an earlier comparison, and the limit is"
    for given, said in (
        (["--epochs", "1"], f"{longer} 21 now; choose another --out, or a limit that is as long"),
        (["--steps", "62"], f"{longer} 62 now"),
        (["--budget", "0.001s"], "seconds in an earlier comparison, and the limit is 0.001 now"),
        (["--set", "model.latent_dim=3"], "has other settings (model.latent_dim: 8 there, 3 now)"),
        ([run], f"one.yaml and {run} both mean the run {run}"),
    ):
        is_refused(genmodels(*words, *given), said)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert genmodels(*words, "--steps", "63").code == 0  # as many as 3 epochs have
    assert report()["models"][0]["numbers"]["training_images"]["mean"] == 63 * 500


@pytest.mark.slow
def test_a_budget_may_be_exceeded_by_its_last_step(genmodels: CommandLine, workplace: Path) -> None:
    write("one.yaml", "VAE")
    words = ["compare", "one.yaml", *QUICK, "--features", "random", "--budget"]
    for budget in ("0.01s", "0.01s"):
        assert genmodels(*words, budget).code == 0
    (seconds,) = [record["seconds"] for record in log("comparison/runs/one-seed-0")]
    assert seconds > 0.01
    assert genmodels(*words, f"{seconds + 1}s").code == 0
    assert log("comparison/runs/one-seed-0")[-1]["seconds"] > seconds + 1


@pytest.mark.slow
def test_a_kept_run_is_not_longer_than_the_one_it_is_matched_with(
    genmodels: CommandLine, workplace: Path
) -> None:
    write("one.yaml", "VAE", epochs=1)
    write("two.yaml", "GAN", epochs=2)
    words = ["compare", "one.yaml", "two.yaml", *QUICK, "--features", "random"]
    assert genmodels(*words).code == 0
    for match in ("images", "seconds"):
        outcome = genmodels(*words, "--match", match)
        assert outcome.code == 2
        assert "two-seed-0 was trained for" in outcome.err.splitlines()[-1]


def test_options_lie_over_the_configurations_that_are_trained(
    genmodels: CommandLine, workplace: Path
) -> None:
    write("one.yaml", "VAE", epochs=2)
    words = ["compare", "one.yaml", "--steps", "3", "--set", "model.latent_dim=3", *QUICK]
    assert genmodels(*words).code == 0
    numbers = report()["models"][0]["numbers"]
    assert numbers["latent_dimensions"]["mean"] == 3
    assert numbers["training_images"]["mean"] == 3 * 500
    outcome = genmodels("compare", "one.yaml", "--steps", "3", "--epochs", "1")
    assert outcome.code == 2
    assert "one of --epochs, --steps and --budget" in outcome.err


@pytest.mark.slow
def test_shares_meet_in_one_study(genmodels: CommandLine, workplace: Path) -> None:
    write("one.yaml", "VAE")
    write("two.yaml", "GAN")
    words = ["compare", "one.yaml", "two.yaml", "--seeds", "2", *QUICK]
    for shard, made in (("2/3", 1), ("1/3", 3), ("3/3", 4)):
        outcome = genmodels(*words, "--shard", shard)
        assert outcome.code == 0
        assert f"share {shard} is trained: " in outcome.out
        assert len(list(Path("comparison/runs").iterdir())) == made
    assert not Path("comparison/report.json").exists()
    trained = {p: p.stat().st_mtime_ns for p in Path("comparison/runs").rglob("*.safetensors")}
    assert genmodels(*words).code == 0
    assert {p: p.stat().st_mtime_ns for p in trained} == trained
    assert [len(model["seeds"]) for model in report()["models"]] == [2, 2]


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b"])
def test_what_is_no_share_is_refused(shard: str, genmodels: CommandLine, workplace: Path) -> None:
    write("one.yaml", "VAE")
    outcome = genmodels("compare", "one.yaml", "--shard", shard)
    assert outcome.code == 2
    assert "is not a share" in outcome.err.splitlines()[-1]
    outcome = genmodels("compare", "one.yaml", "--shard", "1/2", "--match", "images")
    assert outcome.code == 2
    assert "leave out --shard" in outcome.err.splitlines()[-1]


RANDOM = (*QUICK, "--features", "random")


def names() -> list[str]:
    """The models of the report and their runs, each with the number of its runs."""
    return [f"{model['name']}: {len(model['seeds'])}" for model in report()["models"]]


def test_runs_of_one_folder_name_are_named_by_more_of_their_paths(
    genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    trained(workplace / "a" / "r")
    trained(workplace / "b" / "r", "vae.yaml", "--set", "model.beta=2")
    assert genmodels("compare", "a/r", "b/r", *RANDOM).code == 0
    assert names() == ["a/r: 1", "b/r: 1"]


def test_a_model_is_not_named_as_a_baseline(genmodels: CommandLine, workplace: Path) -> None:
    write("floor.yaml", "VAE")
    assert genmodels("compare", "floor.yaml", *RANDOM).code == 0
    assert names() == ["floor-seed-0: 1"]


@pytest.mark.slow
def test_seeds_may_differ_in_what_changes_no_model(
    genmodels: CommandLine, workplace: Path, trained: Trained, train_once: Train
) -> None:
    trained(workplace / "a")
    trained(workplace / "b", "vae.yaml", "--seed", "1", "--set", "train.keep=1")
    (record,) = log("a")  # of an epoch
    words = ("--config", "vae.yaml", *TINY, "--seed", "2", "--steps", str(record["step"]))
    train_once(workplace / "c", *words)
    trained(workplace / "longer", "vae.yaml", "--seed", "3", "--epochs", "2")
    assert genmodels("compare", "a", "b", "c", "longer", *RANDOM).code == 0
    assert names() == ["a: 3", "longer: 1"]
    copied = trained(workplace / "copied") / "config.yaml"
    copied.write_text(copied.read_text().replace("keep: 3", "keep: 2"))
    is_refused(genmodels("compare", "a", "copied", *RANDOM), "with the same settings and seed 0")


@pytest.mark.slow
@pytest.mark.parametrize("match", ["images", "seconds"])
def test_match_keeps_the_seeds_of_a_model_together(
    genmodels: CommandLine, workplace: Path, match: str
) -> None:
    write("one.yaml", "VAE")
    write("two.yaml", "GAN")
    words = ["compare", "one.yaml", "two.yaml", *RANDOM, "--seeds", "2", "--match", match]
    assert genmodels(*words).code == 0
    assert names() == ["one: 2", "two: 2"]


def test_a_run_that_was_changed_is_refused(
    genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    trained(workplace / "a")
    path = trained(workplace / "b") / "config.yaml"
    text = path.read_text()
    for key, before, after in (("seed", 0, 1), ("model.latent_dim", 4, 5)):
        name = key.removeprefix("model.")
        path.write_text(text.replace(f"{name}: {before}", f"{name}: {after}"))
        saved = "b/checkpoints/step-000000021.safetensors"
        said = f"b is not the run that saved {saved} ({key}: {before} there, {after} now)"
        for words in (["compare", "a", "b"], ["sample", "b"], ["train", "--out", "b", "--resume"]):
            outcome = genmodels(*words)
            assert outcome.code == 2
            assert said in outcome.err.splitlines()[-1]


@pytest.mark.slow
def test_a_run_without_its_configuration_is_not_trained_again(
    genmodels: CommandLine, workplace: Path
) -> None:
    write("one.yaml", "VAE")
    words = ["compare", "one.yaml", *RANDOM]
    assert genmodels(*words).code == 0
    run = Path("comparison/runs/one-seed-0")
    (run / "config.yaml").unlink()
    resumed = ["train", "--config", "one.yaml", "--out", run, "--resume"]
    for lost in ("log.jsonl", "checkpoints"):
        said = f"{run} has files of a training and no config.yaml; restore that file"
        is_refused(genmodels(*words), said)
        is_refused(genmodels(*resumed), said)
        (shutil.rmtree if lost == "checkpoints" else os.remove)(run / lost)
    assert genmodels(*words).code == 0  # environment.json alone is of a start that was stopped


def test_unequal_data_are_listed(genmodels: CommandLine, workplace: Path, trained: Trained) -> None:
    trained(workplace / "a")
    unequal = ("--set", "data.validation=0.9", "--set", "data.augment.flip=true")
    trained(workplace / "b", "vae.yaml", *unequal)
    assert genmodels("compare", "a", "b", *RANDOM).code == 0
    told = " ".join(report()["fairness"])
    assert "Unequal distinct training images: a has 9.1 times as many as b (10,756 against" in told
    assert "Unequal augmentation: a has none, b has flip True." in told
    assert "Not independent" not in told


def test_one_training_at_two_lengths_is_listed(
    genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    for name, epochs in (("short", "1"), ("long", "2")):
        trained(workplace / name, "vae.yaml", "--epochs", epochs)
    trained(workplace / "other", "vae.yaml", "--seed", "1")
    assert genmodels("compare", "short", "long", "other", *RANDOM).code == 0
    (said,) = (line for line in report()["fairness"] if "independent" in line)
    assert said == (
        "Not independent: short and long have the same settings and seed 0; they differ at most in "
        "their length, so they begin alike."
    )
    assert said in Path("comparison/report.html").read_text()
    assert said in Path("comparison/report.md").read_text()


def test_what_would_be_ignored_is_refused(
    genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    trained(workplace / "a")
    write("one.yaml", "VAE")
    is_refused(genmodels("compare", "a", "--shard", "1/2"), "--shard: only runs are compared, and")
    seeded = genmodels("compare", "one.yaml", "--set", "seed=5")
    is_refused(seeded, "--set seed: configurations are trained with seeds from 0, as many as --see")


@pytest.mark.parametrize("name", ["a\nb", "n" * 201])
def test_a_name_that_no_run_can_have_is_refused(
    name: str, genmodels: CommandLine, workplace: Path
) -> None:
    write(f"{name}.yaml", "VAE")
    for words in (["train", "--config", f"{name}.yaml"], ["compare", f"{name}.yaml"]):
        is_refused(genmodels(*words), "must be 1 to 200 printable characters")
    assert [path.name for path in workplace.iterdir()] == [f"{name}.yaml"]


def test_one_run_object_twice_is_given_twice(workplace: Path, trained: Trained) -> None:
    run = api.load(trained(workplace / "a"))
    with pytest.raises(InputError, match="a is given twice"):
        api.compare([run, run], quiet=True)
    write("one.yaml", "VAE")
    with pytest.raises(InputError, match=r"one.yaml is given twice"):
        api.compare(["one.yaml"] * 2, quiet=True)


@pytest.fixture
def compared(workplace: Path, shared: Path, genmodels: CommandLine) -> None:
    """A copy of a comparison of ``two.yaml``, which is made once."""
    write("two.yaml", "GAN")
    made = shared / "comparison-of-two"
    with FileLock(f"{made}.lock"):
        if not made.exists():
            assert genmodels("compare", "two.yaml", *RANDOM).code == 0
            Path("comparison").rename(made)
    shutil.copytree(made, "comparison")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.yaml", "seed: [}"),
        ("config.yaml", "sed: 0"),
        ("config.yaml", ""),
        ("log.jsonl", "no record\n"),
        ("snapshots/step-000000001.safetensors", "no snapshot"),
    ],
)
def test_a_damaged_run_is_named_before_training(
    name: str, content: str, genmodels: CommandLine, compared: None
) -> None:
    write("one.yaml", "VAE")
    run = "comparison/runs/two-seed-0"
    Path(run, name).write_text(content)
    for words in (["one.yaml", "two.yaml"], ["one.yaml", run]):
        outcome = genmodels("compare", *words, *RANDOM)
        assert outcome.code == 2
        assert f"{run}/{name}" in outcome.err
        assert not Path("comparison/runs/one-seed-0").exists()


@pytest.mark.slow
def test_a_perturbation_that_moves_nothing_is_refused_before_training(
    genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    run = trained(workplace / "runs" / "vae-1")
    write("one.yaml", "VAE")
    shift = "{dims: '%s', start: -1, step: 0.1}"
    for value, said in (
        ("[]", "perturb [] selects none of the 8 latent dimensions"),
        (f"[{shift % '50:60'}]", "perturb 50:60 selects none of the 8"),
        (f"[{shift % '5:3'}]", "perturb 5:3 selects none of the 8"),
        ("[{dims: '0:4', start: 1e39, step: 0}]", "perturb: latents become infinite"),
    ):
        given = ["--set", f"perturb={value}"]
        is_refused(genmodels("compare", "one.yaml", *given, *RANDOM), said)
        outcome = genmodels("train", "--config", "one.yaml", *given)
        assert (outcome.code, said in outcome.err.splitlines()[-1]) == (2, True)
    assert [path.name for path in workplace.rglob("config.yaml")] == ["config.yaml"]  # of vae-1
    assert genmodels("compare", "one.yaml", *RANDOM).code == 0
    moved = ["--set", f"perturb=[{shift % '2:3'}]"]
    assert genmodels("compare", "one.yaml", *moved, *RANDOM).code == 0  # it changes no weights
    kept = runs.open_run("comparison/runs/one-seed-0").settings
    assert (kept.perturb[0].dims, kept.train.epochs) == ("2:3", 1)
    path = run / "config.yaml"
    path.write_text(path.read_text().replace("dims: 0:8:2", "dims: '8:'").replace("1:8:2", "9:"))
    for subjects in (["runs/vae-1"], ["one.yaml", "runs/vae-1"]):
        outcome = genmodels("compare", *subjects, *RANDOM)
        assert "runs/vae-1/config.yaml: perturb 8:, 9: selects none" in outcome.err
        assert outcome.code == 2


def test_ctrl_c_goes_on_with_the_same_command(
    genmodels: CommandLine, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("one.yaml", "VAE", epochs=2)
    write("two.yaml", "VAE")
    words = ["compare", "one.yaml", "two.yaml", *RANDOM]
    with monkeypatch.context() as patch:
        patch.setattr(Display, "training", lambda *given: signal.raise_signal(signal.SIGINT))
        outcome = genmodels(*words)
    assert outcome.code == 130
    said = re.findall(r"^genmodels: stopped at step (\d+) and saved; the same command goes on with "
                      r"what is missing$", outcome.err, re.MULTILINE)  # fmt: skip
    assert [int(step) for step in said] == [runs.Folder(ONE).saved_step]
    with monkeypatch.context() as patch:
        patch.setattr(measure, "compare", lambda *given: signal.raise_signal(signal.SIGINT))
        outcome = genmodels(*words)
    assert outcome.code == 130
    assert outcome.err.endswith("\ngenmodels: stopped; the same command goes on with what is "
                                "missing\n")  # fmt: skip
    assert [len(log(f"comparison/runs/{name}-seed-0")) for name in ("one", "two")] == [2, 1]
    # What is the same for all trainings of a study is said once.
    assert outcome.err.count("results go to") == 2
    for line in ("data glyphs: 1x28x28", "fp32: exact", "images: 10.5 MiB on cpu"):
        assert outcome.err.count(line) == 1


def test_the_runs_that_nobody_named_are_said(genmodels: CommandLine, pair: Any) -> None:
    outcome = genmodels("compare", "--features", "nowhere.safetensors")
    assert outcome.code == 2
    said, *_ = outcome.err.splitlines()
    before, _, named = said.partition(": ")
    assert before == "comparing the latest run of each configuration"
    assert sorted(named.split(", ")) == sorted(pair)
