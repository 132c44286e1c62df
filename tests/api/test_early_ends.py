"""A run that ended before its density was fitted is fitted when it is sampled from, once."""

import hashlib
import json
import math
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import genmodels
from conftest import CommandLine
from genmodels import api, runs
from genmodels.errors import InputError
from genmodels.runs import lock
from genmodels.training import saving
from genmodels.training.recorder import Recorder
from genmodels.training.step import Step

SMALL: dict[str, Any] = {
    "model": {"latent_dim": 4, "network": {"hidden": [16]}, "sampler": "gmm", "components": 5},
    "train": {"batch_size": 500, "ema": 0.9},
}
SAID = "ended before the density of the codes was fitted: fitting it now"


def trained(out: str, data: str = "glyphs") -> api.Run:
    return genmodels.train(
        "vae.yaml", settings=SMALL, out=out, data=data, steps=6, device="cpu", quiet=True
    )


@pytest.fixture
def stopped(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> api.Run:
    """A run whose process ended after its last step, before the fit."""
    with monkeypatch.context() as patched:
        patched.setattr(Recorder, "_fit", lambda recorder: None)
        run = trained("stopped")
    assert not run.folder.latest().part("model.")["density.done"]
    return run


def hashed(run: api.Run) -> str:
    return hashlib.sha256(run.folder.latest().path.read_bytes()).hexdigest()


def test_samples_are_those_of_a_run_that_was_not_stopped(
    stopped: api.Run, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = trained("whole")
    capsys.readouterr()
    assert torch.equal(stopped.sample(9), whole.sample(9))
    said = capsys.readouterr().err.splitlines()
    assert said[0] == f"the training of stopped {SAID}"
    assert re.match(r"fitted in \d+s, and kept in stopped/checkpoints/step-000000006", said[-1])
    for weights in ("last", "ema"):
        assert torch.equal(stopped.sample(9, weights=weights), whole.sample(9, weights=weights))
    assert capsys.readouterr().err == ""  # once
    found, wanted = stopped.folder.latest().tensors, whole.folder.latest().tensors
    assert found.keys() == wanted.keys()
    for name, tensor in wanted.items():
        assert torch.equal(found[name], tensor), name


@pytest.mark.parametrize("weights", ["last", "ema"])
def test_the_weights_that_were_asked_for_are_sampled(stopped: api.Run, weights: Any) -> None:
    first = stopped.sample(9, weights=weights)
    assert torch.equal(first, stopped.sample(9, weights=weights))


def test_encoding_needs_no_density(
    stopped: api.Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = hashed(stopped)
    codes = stopped.encode(torch.rand(3, 1, 28, 28))
    assert stopped.decode(codes).isfinite().all()
    assert SAID not in capsys.readouterr().err
    assert hashed(stopped) == before


def test_a_resumed_run_is_the_same_after_it_was_sampled_from(workplace: Path) -> None:
    whole = trained("whole")
    longer = genmodels.train(out="whole", resume=True, steps=9, quiet=True)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Recorder, "_fit", lambda recorder: None)
        stopped = trained("stopped")
    stopped.sample(4)
    resumed = genmodels.train(out="stopped", resume=True, steps=9, quiet=True)
    assert whole.step == 9
    for name, tensor in longer.folder.latest().tensors.items():
        assert torch.equal(resumed.folder.latest().tensors[name], tensor), name


def test_a_run_that_cannot_be_written_is_sampled_from_with_a_note(
    stopped: api.Run, capsys: pytest.CaptureFixture[str]
) -> None:
    before = hashed(stopped)
    with lock.held(stopped.path):  # as by a process that trains there
        samples = stopped.sample(4)
    said = capsys.readouterr().err
    assert re.search(r"fitted in \d+s, for this time only: another process is training", said)
    assert hashed(stopped) == before
    assert torch.equal(stopped.sample(4), samples)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions differ")
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_run_is_sampled_from(
    stopped: api.Run, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in (stopped.path, stopped.folder.checkpoints):
        folder.chmod(0o555)
    try:
        assert stopped.sample(4).isfinite().all()
        assert "for this time only: " in capsys.readouterr().err
    finally:
        for folder in (stopped.path, stopped.folder.checkpoints):
            folder.chmod(0o755)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("other", "holds others now; restore them"),
        ("none", "is not fitted, which needs its images: "),
    ],
)
def test_images_that_changed_or_are_gone_are_said(
    change: str, reason: str, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, numbers = workplace / "pictures", np.random.default_rng(0)
    place.mkdir()
    for index in range(700):
        Image.fromarray(numbers.integers(0, 256, (8, 8), np.uint8)).save(place / f"{index}.png")
    with monkeypatch.context() as patched:
        patched.setattr(Recorder, "_fit", lambda recorder: None)
        run = trained("own", str(place))
    if change == "none":
        place.rename(workplace / "moved")
    else:
        Image.new("L", (8, 8)).save(place / "0.png")
    with pytest.raises(InputError, match=reason):
        run.sample(4)


def test_a_run_that_broke_can_be_sampled_from(
    genmodels: CommandLine, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = Step.__call__

    def broken(step: Any, batch: Any, number: Any) -> None:
        call(step, batch, number)
        if number == 24:
            with torch.no_grad():
                next(step.model.parameters()).view(-1)[0] = math.nan

    monkeypatch.setattr(Step, "__call__", broken)
    monkeypatch.setattr(saving, "FIRST", 0.0)  # in place of the seconds of a longer training
    given = [
        word
        for part, settings in SMALL.items()
        for key, value in settings.items()
        for word in ("--set", f"{part}.{key}={json.dumps(value)}")
    ]
    outcome = genmodels(
        "train", "--config", "vae.yaml", "--data", "glyphs", "--device", "cpu", *given,
        "--steps", "60", "--out", "a",
    )  # fmt: skip
    assert outcome.code == 2
    step = runs.Folder(workplace / "a").saved_step
    assert f"; the checkpoint of step {step} is finite and can be sampled from: " in outcome.err
    sampled = genmodels("sample", "a")
    assert sampled.code == 0, sampled
    assert SAID in sampled.err


def test_the_first_checkpoint_is_early_and_the_next_ones_are_not(tmp_path: Path) -> None:
    folder, now = runs.Folder(tmp_path), time.monotonic()
    eleven = now - saving.FIRST - 1
    assert saving.is_due(folder, eleven, 60, 0)
    assert not saving.is_due(folder, now - 1, 60, 0)
    assert not saving.is_due(folder, eleven, 60, 1)  # a full disk is tried again later
    assert saving.is_due(folder, now - 61, 60, 1)
    assert saving.is_due(folder, now - 1, 0.5, 0)
    folder.checkpoints.mkdir()
    (folder.checkpoints / "step-000000003.safetensors").touch()
    assert not saving.is_due(folder, eleven, 60, 0)
