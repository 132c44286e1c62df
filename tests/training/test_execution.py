"""The same numbers however a step is run, wherever its images are."""

import dataclasses
from typing import Any

import pytest
import torch
from test_trainer import MODELS, STEERED, finish, images, trainer

from genmodels.data import feed
from genmodels.errors import InputError
from genmodels.system import device as devices
from genmodels.training import capture, execution, gradients, step

EVERY = {  # what differs between steps is what a recording could miss
    "ema": 0.9,
    "schedule": {"warmup": 3, "steps": 20},
    "optimizer": {"name": "adamw", "weight_decay": 0.1},
    "clip": 0.5,
}


def run(
    model: Any, device: Any, steps: int = 12, data: Any = None, **train: Any
) -> tuple[Any, ...]:
    made = trainer(model, {"steps": steps, **EVERY, **train}, device, data=data)
    return made, finish(made)


def check_equal(one: Any, other: Any, tolerance: float = 0.0) -> None:
    for name, tensor in one.state()[0].items():
        torch.testing.assert_close(
            other.state()[0][name], tensor, rtol=tolerance, atol=tolerance, msg=name
        )


@pytest.fixture
def graphs(device: devices.Device, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Graphs where there are some, else their stand-in: a replay runs the function again."""
    if device.device.type != "cuda":
        monkeypatch.setattr(capture, "record", lambda function: function)
        monkeypatch.setattr(
            execution, "choose", lambda *_: execution.Execution("captured", "a stand-in")
        )
    return device


@pytest.mark.parametrize("model", [*MODELS.values(), *STEERED.values()], ids=[*MODELS, *STEERED])
def test_a_captured_step_equals_an_eager_one_bit_for_bit(
    model: Any, device: devices.Device, request: pytest.FixtureRequest
) -> None:
    eager, log = run(model, device, execution="eager")
    graphs = request.getfixturevalue("graphs")
    captured, recorded = run(model, graphs, execution="captured")
    assert captured.run_step.captured
    check_equal(eager, captured)
    for a, b in zip(log, recorded, strict=True):
        assert {**a, "seconds": 0} == {**b, "seconds": 0}


def test_each_combination_of_phases_is_recorded(
    graphs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = trainer(MODELS["gan"], {"steps": 12, "execution": "captured"}, graphs)
    first, second = made.run_step.phases
    made.run_step.phases = [first, dataclasses.replace(second, every=2)]
    finish(made)
    assert set(made.run_step.captured) == {
        ("discriminator",),
        ("discriminator", "generator"),
    }


def test_more_steps_than_the_ring_has_rows(graphs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "MAX_UNCOLLECTED", 4)
    monkeypatch.setattr("genmodels.training.trainer.MAX_UNCOLLECTED", 4)
    made = trainer(MODELS["vae"], {"steps": 24, "execution": "captured"}, graphs)
    seen = [record["train.elbo.loss"] for record in finish(made)]
    eager = trainer(MODELS["vae"], {"steps": 24, "execution": "eager"}, graphs)
    eager.run_step.captures = False
    assert [record["train.elbo.loss"] for record in finish(eager)] == seen


@pytest.mark.parametrize("kind", ["captured", "compiled"])
def test_what_cannot_be_done_is_said_and_done_eagerly(
    kind: Any, graphs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any) -> None:
        raise RuntimeError("no such thing here\nand more")

    monkeypatch.setattr(capture, "record", refuse)
    monkeypatch.setattr(gradients, "CompiledObjective", refuse)
    monkeypatch.setattr(execution, "choose", lambda *_: execution.Execution(kind, "asked for"))
    made, _ = run(MODELS["vae"], graphs)
    assert made.notes[-1] == f"eager steps: this one cannot be {kind} (no such thing here)"
    monkeypatch.undo()
    eager, _ = run(MODELS["vae"], graphs, execution="eager")
    check_equal(eager, made)


@pytest.mark.slow
@pytest.mark.parametrize("model", [*MODELS.values(), *STEERED.values()], ids=[*MODELS, *STEERED])
def test_a_compiled_step_equals_an_eager_one_within_rounding(
    model: Any, device: devices.Device, capfd: pytest.CaptureFixture[str]
) -> None:
    torch.compiler.reset()
    # Adam would make steps of rounding errors, where a gradient is zero by nature, as that
    # of a bias before a normalisation is.
    plain: dict[str, Any] = {"steps": 6, "optimizer": {"name": "sgd", "lr": 1e-2, "momentum": 0.9}}
    eager, log = run(model, device, execution="eager", **plain)
    capfd.readouterr()
    compiled, recorded = run(model, device, execution="compiled", **plain)
    assert capfd.readouterr().err == ""  # PyTorch's compiler warns of what does not matter here
    if compiled.run_step.gradients.notes:
        pytest.skip(compiled.notes[-1])
    assert set(compiled.run_step.gradients.modes.values()) == {"compiled"}
    check_equal(eager, compiled, 2e-4)
    for a, b in zip(log, recorded, strict=True):
        assert {**a, "seconds": 0} == pytest.approx({**b, "seconds": 0}, rel=1e-3)


LONG = execution.Work(steps=10**6, budget=None, tensors=10, products=10**8)
SHORT = dataclasses.replace(LONG, steps=20)


def test_the_choice_and_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "compiler", lambda: "/usr/bin/c++")
    cpu = devices.choose("cpu", "fp32")
    cuda = dataclasses.replace(cpu, device=torch.device("cuda"))
    half = dataclasses.replace(cuda, precision="fp16")
    assert execution.choose("auto", cuda, LONG).kind == "captured"
    assert execution.choose("auto", cuda, dataclasses.replace(LONG, steps=None)).kind == "captured"
    assert execution.choose("auto", cuda, SHORT).kind == "eager"
    assert execution.choose("auto", half, LONG).kind == "eager"
    assert execution.choose("compiled", cpu, SHORT).kind == "compiled"
    with pytest.raises(InputError, match="captured needs a CUDA device, this is cpu"):
        execution.choose("captured", cpu, LONG)
    with pytest.raises(InputError, match="loss scale of fp16"):
        execution.choose("captured", half, LONG)


def test_long_trainings_on_a_cpu_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "compiler", lambda: "/usr/bin/c++")
    cpu = devices.choose("cpu", "fp32")
    assert execution.choose("auto", cpu, LONG).kind == "compiled"
    assert execution.choose("auto", cpu, LONG).on_trial
    assert not execution.choose("compiled", cpu, LONG).on_trial
    assert execution.choose("auto", cpu, SHORT).kind == "eager"
    # Ten tensors take about ten seconds, which 15 % of a minute do not win back.
    for budget, kind in ((60.0, "eager"), (90.0, "compiled")):
        timed = execution.Work(steps=None, budget=budget, tensors=10, products=10**8)
        assert execution.choose("auto", cpu, timed).kind == kind
    deep = execution.Work(steps=None, budget=300.0, tensors=150, products=10**8)
    assert execution.choose("auto", cpu, deep).kind == "eager"
    monkeypatch.setattr(execution, "compiler", lambda: None)
    assert "there is no C++ compiler" in execution.choose("auto", cpu, LONG).why


@pytest.fixture
def on_trial(device: devices.Device, monkeypatch: pytest.MonkeyPatch) -> devices.Device:
    """A device where ``auto`` takes compiled steps on trial, by a stand-in for the compiler."""

    class Renamed:
        """Gradients of an objective, by eager kernels."""

        def __init__(self, model: Any, objective: Any, trained: Any, example: Any):
            torch.rand(3)  # as a compiler may, which the run must not notice
            self.objective, self.trained = objective, trained

        def __call__(self, batch: Any) -> Any:
            with device.autocast():
                terms = self.objective(batch)
            return terms, torch.autograd.grad(terms["loss"], self.trained, allow_unused=True)

    monkeypatch.setattr(gradients, "CompiledObjective", Renamed)
    chosen = execution.Execution("compiled", "a stand-in", on_trial=True)
    monkeypatch.setattr(execution, "choose", lambda *_: chosen)
    return device


def timed(monkeypatch: pytest.MonkeyPatch, eager: float, compiled: float) -> None:
    """Let the runs of a trial take this long; they come in this order."""
    measure, seconds = gradients.PhaseGradients._seconds, iter([eager, compiled] * 99)

    def pretend(self: Any, run: Any) -> float:
        measure(self, run)
        return next(seconds)

    monkeypatch.setattr(gradients.PhaseGradients, "_seconds", pretend)


@pytest.mark.parametrize("model", [MODELS["gan"], MODELS["gan-batch"]], ids=["gan", "gan-batch"])
@pytest.mark.parametrize(("compiled", "mode"), [(1.0, "compiled"), (3.0, "eager")])
def test_a_trial_decides_and_leaves_no_trace(
    model: Any, compiled: float, mode: str, on_trial: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed(monkeypatch, 2.0, compiled)
    made, log = run(model, on_trial)
    assert set(made.run_step.gradients.modes.values()) == {mode}
    assert any("no faster here (3e+03 ms" in note for note in made.notes) == (mode == "eager")
    monkeypatch.undo()
    eager, recorded = run(model, on_trial, execution="eager")
    check_equal(eager, made)
    for a, b in zip(log, recorded, strict=True):
        assert {**a, "seconds": 0} == {**b, "seconds": 0}


def test_a_resumed_run_keeps_its_modes(on_trial: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    timed(monkeypatch, 2.0, 1.0)
    first, _ = run(MODELS["gan"], on_trial, steps=3)
    tensors, progress = first.state()
    tensors = {name: tensor.clone() for name, tensor in tensors.items()}
    assert progress["modes"] == {"discriminator": "compiled", "generator": "compiled"}

    def refuse(*arguments: Any) -> None:
        raise RuntimeError("no compiler")

    resumed = trainer(MODELS["gan"], {"steps": 6, **EVERY}, on_trial)
    monkeypatch.setattr(gradients.PhaseGradients, "_decide", refuse)  # nothing is left to decide
    resumed.restore(tensors, progress)
    finish(resumed)
    assert resumed.state()[1]["modes"] == progress["modes"]

    monkeypatch.setattr(gradients, "CompiledObjective", refuse)
    elsewhere = trainer(MODELS["gan"], {"steps": 6, **EVERY}, on_trial)
    elsewhere.restore(tensors, progress)
    finish(elsewhere)
    assert set(elsewhere.run_step.gradients.modes.values()) == {"eager"}
    assert "whose sums round otherwise" in elsewhere.notes[-1]
    assert "(no compiler)" in elsewhere.notes[-1]

    former = {name: value for name, value in progress.items() if name != "modes"}
    older = trainer(MODELS["gan"], {"steps": 6, **EVERY}, on_trial)
    older.restore(tensors, former)  # type: ignore[arg-type]
    finish(older)
    assert set(older.run_step.gradients.modes.values()) == {"eager"}
    assert older.run_step.gradients.notes == [
        "steps go on as they were before: discriminator eager, generator eager"
    ]


def test_a_mapped_table_gives_the_same_run(device: devices.Device) -> None:
    resident, log = run(MODELS["gan"], device)
    mapped = trainer(MODELS["gan"], {"steps": 12, **EVERY}, device)
    mapped.feed = feed.choose(images(), "mapped", device.device, None)
    assert isinstance(mapped.feed, feed.Mapped)
    recorded = finish(mapped)
    check_equal(resident, mapped)
    for a, b in zip(log, recorded, strict=True):
        assert {**a, "seconds": 0} == {**b, "seconds": 0}


def test_the_table_is_mapped_where_there_is_no_room() -> None:
    table = dataclasses.replace(images(), mapped=True)
    size, cpu = table.table.nbytes, torch.device("cpu")
    there = feed.choose(table, "auto", cpu, 2 * size)
    assert isinstance(there, feed.Resident)
    assert not there.images.mapped
    assert isinstance(feed.choose(table, "auto", cpu, 2 * size - 2), feed.Mapped)
    assert isinstance(feed.choose(table, "resident", cpu, 1), feed.Resident)
    assert isinstance(feed.choose(table, "mapped", cpu, None), feed.Mapped)


def test_a_mapped_table_is_left_early_without_a_trace() -> None:
    source = feed.choose(images(), "mapped", torch.device("cpu"), None)
    rows = torch.arange(40)
    walk: Any = source.batches(rows, 8)
    next(walk)
    walk.close()
    found = torch.cat([batch.images for batch in source.batches(rows, 8)])
    assert torch.equal(found, images().batch(rows).images)
