"""Several processes that train one model: the run of one, in shares."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from test_trainer import MODELS, SHAPE, trainer

from conftest import TINY, CommandLine
from genmodels.data.images import Batch
from genmodels.errors import InputError
from genmodels.runs import checkpoint
from genmodels.system import device as devices
from genmodels.system import distributed
from genmodels.system.distributed import Processes
from genmodels.training.step import Step

# Without noise and without statistics of the batch, so that shares change nothing.
PLAIN = """
model: {class: Autoencoder, latent_dim: 4, network: {class: MLP, hidden: [16]}}
data: {name: glyphs}
train: {batch_size: 512, epochs: 2, ema: 0.9}
"""
# Eager, since a long training is compiled, which takes ten seconds.
LONG = ("train", "--config", "vae.yaml", *TINY, "--device", "cpu", "--budget", "5m",
        "--set", "train.execution=eager")  # fmt: skip
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not torch.distributed.is_available() or sys.platform == "win32",
        reason="PyTorch without gloo",
    ),
]


AGREE = """
from pathlib import Path

import torch
from genmodels.config.settings import Train
from genmodels.data.images import Batch
from genmodels.models import BEGAN
from genmodels.networks import MLP
from genmodels.system import device, distributed
from genmodels.system.tuning import tune_cpu
from genmodels.training.step import Step

cpu = device.choose("cpu", "fp32")
tune_cpu(cpu)
torch.manual_seed(0)
with distributed.joined(cpu.device, 8) as together:
    model = BEGAN((1, 8, 8), 4, MLP((16,), normalization="batch"))
    model.gamma = 9.0  # so that the balance moves away from 0
    step = Step(model, Train(steps=3), 0, cpu, processes=together)
    images = torch.rand(8, 1, 8, 8)
    for number in range(3):
        step(Batch(together.share(images)), number)
    state = step.state()
    assert state["model.balance"] > 0
    for name, mine in state.items():
        theirs = mine.double()
        together.mean([theirs])
        torch.testing.assert_close(theirs, mine.double(), msg=name)
# Threads that outlive the group abort the interpreter's end, now and then.
names = [comm.read_text() for comm in Path("/proc/self/task").glob("*/comm")]
assert not any("gloo" in name for name in names), names
"""


def launch(
    words: Any, count: int = 2, program: tuple[str, ...] = ("-m", "genmodels"), **options: Any
) -> Any:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    launcher = [
        sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={count}",
        f"--master-port={port}", *program, *words,
    ]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        launcher, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options,
    )  # fmt: skip


def log(run: Any) -> list[Any]:
    return [json.loads(line) for line in Path(run, "log.jsonl").read_text().splitlines()]


def newest(run: Any) -> Any:
    return checkpoint.load(max(Path(run, "checkpoints").iterdir()))


def test_two_processes_give_the_run_of_one(genmodels: CommandLine, workplace: Path) -> None:
    Path("plain.yaml").write_text(PLAIN)
    words = ["train", "--config", "plain.yaml", "--device", "cpu"]
    assert genmodels(*words, "--out", "one").code == 0
    process = launch([*words, "--out", "two"])
    out = process.communicate(timeout=120)[0]
    assert process.returncode == 0, out
    assert out.count("run: two") == 1
    assert "2 processes share every batch" in out
    for alone, together in zip(log("one"), log("two"), strict=True):
        assert {**together, "seconds": 0} == pytest.approx({**alone, "seconds": 0}, rel=1e-4)
    one, two = newest("one"), newest("two")
    assert one.tensors.keys() == two.tensors.keys()
    for name in one.tensors:
        torch.testing.assert_close(two.tensors[name], one.tensors[name], rtol=1e-3, atol=1e-5)

    more = ["train", "--out", "two", "--resume", "--epochs", "3"]
    process = launch(more)
    out = process.communicate(timeout=120)[0]
    assert process.returncode == 0, out
    assert genmodels("train", "--out", "one", "--resume", "--epochs", "3").code == 0
    alone, together = log("one")[-1], log("two")[-1]
    assert {**together, "seconds": 0} == pytest.approx({**alone, "seconds": 0}, rel=1e-3)
    # With another number of processes, too.
    assert genmodels("train", "--out", "two", "--resume", "--epochs", "4").code == 0
    assert log("two")[-1]["epoch"] == 4


def test_buffers_are_those_of_all_processes_and_the_group_leaves_nothing(workplace: Path) -> None:
    Path("agree.py").write_text(AGREE)
    process = launch([], program=("agree.py",))
    out = process.communicate(timeout=120)[0]
    assert process.returncode == 0, out


def test_noise_differs_between_processes() -> None:
    cpu = devices.choose("cpu", "fp32")
    batch = Batch(torch.rand(8, *SHAPE, generator=torch.Generator().manual_seed(0)))
    losses = []
    for rank in (0, 0, 1):
        made = trainer(MODELS["vae"], {"steps": 1}, cpu)
        step = Step(made.model, made.train, 0, cpu, processes=Processes(rank))
        step(batch, 0)
        losses.append(step.collect()[0][1]["elbo.loss"].item())
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_saves_once(name: str, genmodels: CommandLine, workplace: Path) -> None:
    process = launch([*LONG, "--out", "two"])
    _wait_for(Path("two/log.jsonl"), process)
    process.send_signal(getattr(signal, name))
    out = process.communicate(timeout=60)[0]
    assert process.returncode != 0
    assert out.count("and saved; go on with") == 1, out
    step = newest("two").header["progress"]["step"]
    assert step > 0
    assert genmodels("train", "--out", "two", "--resume", "--steps", str(step + 3)).code == 0
    assert newest("two").header["progress"]["step"] == step + 3


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no list of child processes")
def test_a_process_that_dies_ends_the_run(workplace: Path) -> None:
    process = launch([*LONG, "--out", "two"])
    _wait_for(Path("two/log.jsonl"), process)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[-1]), signal.SIGKILL)
    out = process.communicate(timeout=60)[0]
    assert process.returncode != 0
    assert "Signal 9 (SIGKILL)" in out


def _wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    for _ in range(600):
        if path.exists() and path.stat().st_size:
            return
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.1)
    raise AssertionError(f"{path} did not come")


def test_a_batch_that_cannot_be_shared_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"WORLD_SIZE": "2", "RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    assert distributed.launched() == Processes(1, 2)
    with (
        pytest.raises(InputError, match="is 65, of all 2 processes together; give a multiple of 2"),
        distributed.joined(torch.device("cpu"), 65),
    ):
        pass


def test_rollbacks_are_for_one_process(
    genmodels: CommandLine, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    outcome = genmodels("train", "--config", "vae.yaml", *TINY, "--on-nan", "rollback")
    assert outcome.code == 2
    assert "rollbacks are for one process" in outcome.err


def test_alone_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = torch.arange(6)
    alone = distributed.launched()
    assert alone == Processes()
    assert torch.equal(alone.share(rows), rows)
    assert alone.from_first(3.5, torch.device("cpu")) == 3.5
    assert alone.any(True, torch.device("cpu"))
    shares = [Processes(rank, 3).share(rows) for rank in range(3)]
    assert torch.equal(torch.cat(shares), rows)
