"""NaN and infinity: told with step, phase and term, never saved, and gone back from."""

import math
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import torch

from conftest import CommandLine
from genmodels import runs
from genmodels.training.step import Step

TINY = (
    "--data", "glyphs", "--device", "cpu", "--set", "train.batch_size=500",
    "--set", "model.network.hidden=[16]", "--set", "model.latent_dim=4",
)  # fmt: skip


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Have a weight become NaN in the steps that are named: in the first one, and in each
    next one once the run has gone back."""

    def at(*steps: Any) -> None:
        left, broke_at, went_back = list(steps), [math.inf], [False]
        call = Step.__call__

        def broken(self: Any, batch: Any, step: Any) -> None:
            call(self, batch, step)
            went_back[0] |= step <= broke_at[0]
            if left and step + 1 == left[0] and went_back[0]:
                broke_at[0], went_back[0] = step, False
                del left[0]
                with torch.no_grad():
                    next(self.model.parameters()).view(-1)[0] = math.nan

        monkeypatch.setattr(Step, "__call__", broken)

    return at


def finite(folder: runs.Folder) -> Any:
    for path in (*folder.checkpoint_paths(), *folder.snapshot_paths()):
        for name, tensor in folder.read(path).tensors.items():
            assert tensor.isfinite().all(), name
    return folder.latest().header["progress"]


def test_a_weight_that_breaks_is_told_by_the_next_step(
    genmodels: CommandLine, workplace: Path, breaking: Any
) -> None:
    breaking(9)
    outcome = genmodels("train", "--config", "vae.yaml", *TINY, "--steps", "30", "--out", "a")
    assert outcome.code == 2
    assert "of phase 'elbo' is not finite at step 10; nothing of it was saved" in outcome.err
    assert "saved: start a new run with a lower train.optimizer.lr" in outcome.err
    assert runs.Folder(workplace / "a").checkpoint_paths() == []


def test_what_is_advised_works(genmodels: CommandLine, workplace: Path, breaking: Any) -> None:
    breaking(25, 25)
    given = ["train", "--config", "vae.yaml", *TINY, "--steps", "30", "--out", "a b"]
    said = genmodels(*given, "--set", "train.save_every=0.01").err
    found = re.search(r"go on at half the learning rates with genmodels (.*), or start", said)
    assert found
    outcome = genmodels(*shlex.split(found[1]))
    assert outcome.code == 0, outcome
    assert outcome.err.count("learning rates halved") == 1
    assert finite(runs.Folder(workplace / "a b"))["step"] == 30


def test_a_weight_that_breaks_at_the_end_is_not_saved(
    genmodels: CommandLine, workplace: Path, breaking: Any
) -> None:
    breaking(20)
    outcome = genmodels("train", "--config", "vae.yaml", *TINY, "--steps", "20", "--out", "a")
    assert outcome.code == 2
    assert "is not finite" in outcome.err
    assert "20" in outcome.err
    assert runs.Folder(workplace / "a").checkpoint_paths() == []


@pytest.mark.parametrize("preset", ["vae.yaml", "gan.yaml"])
def test_a_run_goes_back_and_on_at_half_the_rate(
    preset: str, genmodels: CommandLine, workplace: Path, breaking: Any
) -> None:
    given = ["train", "--config", preset, *TINY, "--epochs", "2", "--on-nan", "rollback"]
    breaking(25, 30)
    often = ["--set", "train.save_every=0.01"]
    outcome = genmodels(*given, *often, "--out", "a")
    assert outcome.code == 0, outcome
    assert outcome.err.count("learning rates halved") == 2
    folder = runs.Folder(workplace / "a")
    progress = finite(folder)
    assert (progress["step"], progress["rollbacks"]) == (42, 2)
    assert [record["step"] for record in folder.log()] == [21, 42]
    assert genmodels("train", "--out", "a", "--resume", "--steps", "44").code == 0
    assert finite(folder)["rollbacks"] == 2  # and the rates stay as low


def test_rates_are_halved(
    genmodels: CommandLine,
    workplace: Path,
    breaking: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = []
    scale_rates = Step.scale_rates

    def watched(self: Any, factor: Any) -> None:
        scale_rates(self, factor)
        seen.append([o.param_groups[0]["lr"] for o in self.optimizers.values()])

    monkeypatch.setattr(Step, "scale_rates", watched)
    breaking(5, 6)
    given = ["--steps", "8", "--set", "train.optimizer.lr=0.008", "--on-nan", "rollback"]
    assert genmodels("train", "--config", "ae.yaml", *TINY, *given, "--out", "a").code == 0
    assert seen[-1] == [0.002]


def test_what_keeps_breaking_is_given_up(genmodels: CommandLine, workplace: Path) -> None:
    given = ["--set", "train.optimizer.lr=1e18", "--set", "train.optimizer.name=sgd"]
    outcome = genmodels(
        "train", "--config", "vae.yaml", *TINY, *given, "--steps", "90", "--on-nan", "rollback",
        "--out", "a",
    )  # fmt: skip
    assert outcome.code == 2
    assert outcome.err.count("learning rates halved") == 3
    assert "after 3 rollbacks" in outcome.err
    assert finite(runs.Folder(workplace / "a"))["step"] == 0
    again = genmodels("train", "--out", "a", "--resume", "--on-nan", "stop")
    assert "resume" not in again.err.partition("is not finite")[2]


def test_that_a_model_is_untrained_is_said(
    genmodels: CommandLine, workplace: Path, breaking: Any
) -> None:
    breaking(1, 1, 1, 1)
    given = ["--steps", "9", "--on-nan", "rollback", "--out", "a"]
    assert genmodels("train", "--config", "vae.yaml", *TINY, *given).code == 2
    said = "the model of a is untrained: its newest checkpoint is of step 0\n"
    assert genmodels("sample", "a").err == said
    compared = genmodels("compare", "a", "--features", "random", "--count", "50")
    assert compared.code == 0, compared
    assert compared.err.count(said) == 1
    assert "Warning" not in compared.err


def test_a_huge_learning_rate_is_told(genmodels: CommandLine, workplace: Path) -> None:
    given = ["--set", "train.optimizer.lr=1e6", "--steps", "40", "--out", "a"]
    outcome = genmodels("train", "--config", "vae.yaml", *TINY, *given)
    if outcome.code == 0:  # large and finite is allowed
        finite(runs.Folder(workplace / "a"))
    else:
        assert "is not finite at step" in outcome.err or "is not finite after step" in outcome.err
