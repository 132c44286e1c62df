"""The speedrun: its clock, its judges, its board, and a run of it that is cut to half a second."""

import json
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
import torch

from genmodels import config, data
from genmodels.config import components
from genmodels.data.images import TEST, TRAIN, VALIDATION, silent
from genmodels.errors import NotFinite
from genmodels.evaluation import reference
from genmodels.evaluation.features import domain
from genmodels.evaluation.features.extractor import Extractor, Features
from genmodels.models import density
from genmodels.models.vae import VAE
from genmodels.system import device as devices
from genmodels.training import session
from genmodels.training.records import Epoch, Progress
from genmodels.training.trainer import Trainer
from studies import results, speedrun, speedrun_page, timing
from studies.timing import Judges, Moment, Race

LIMIT = 100.0
RULES = speedrun.Rules("90s", threads=1)
PROTOCOL: dict[str, Any] = {
    "data": "mnist",
    "limit": LIMIT,
    "threads": 1,
    "thresholds": [5.0, 1.0],
    "validation_images": 5961,
    "samples": 2000,
    "test_images": 10000,
    "first_features": "a1",
    "second_features": "b2",
}


@dataclass
class Scripted:
    """A trainer and its judges: FD is a function of the seconds."""

    fd: Mapping[float, float]
    breaks: bool = False
    asked: list[float] = field(default_factory=list)
    confirmed: list[float] = field(default_factory=list)
    now: float = 0.0

    def records(self) -> Iterator[Progress | Epoch]:
        for self.now in [n / 2 for n in range(1, int(2 * LIMIT) + 1)]:
            yield Progress(int(self.now * 10), 0, self.now, 0.0, {}, False)
            yield Epoch({})
        if self.breaks:
            raise NotFinite("a loss")

    def limit_reached(self) -> bool:
        return self.now >= LIMIT

    def choose(self, model: object) -> float:
        self.asked.append(self.now)
        return min((fd for since, fd in self.fd.items() if since <= self.now), default=9.0)

    def confirm(self, model: object) -> dict[str, float]:
        self.confirmed.append(self.now)
        return {"test_fd": 0.5, "second_fd": 0.6}


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "sampled_model", lambda trainer: (None, 7.0))


def follow(script: Scripted) -> Race:
    return timing.follow(cast(Trainer, script), cast(Judges, script), [5.0, 1.0])


@pytest.mark.usefixtures("no_model")
def test_the_first_moment_below_a_threshold_counts() -> None:
    script = Scripted({3.0: 4.0, 30.0: 0.9})
    race = follow(script)
    # every 2 s until 20 s, then after a tenth: 22, 24.2 → 24.5, 26.95 → 27, 29.7 → 30
    assert script.asked == [*range(2, 22, 2), 22, 24.5, 27, 30]
    assert race.passed == {5.0: Moment(4 + 7.0, 7.0, 40, 4.0), 1.0: Moment(37.0, 7.0, 300, 0.9)}
    assert script.confirmed == [4, 30]
    assert [moment.fd for moment in race.curve[:2]] == [9.0, 4.0]


@pytest.mark.usefixtures("no_model")
def test_one_moment_may_pass_several_thresholds() -> None:
    script = Scripted({5.0: 0.9})
    race = follow(script)
    assert race.passed[5.0] is race.passed[1.0]
    assert script.confirmed == [6]


@pytest.mark.usefixtures("no_model")
def test_a_training_that_passes_nothing_ends_at_its_limit_or_where_it_breaks() -> None:
    script = Scripted({}, breaks=True)
    race = follow(script)
    assert script.asked[-1] == LIMIT
    assert (race.passed, race.ended) == ({}, "a loss")


def tiny_trainer() -> Trainer:
    settings = config.resolve(
        [
            {
                "model": {
                    "class": "VAE", "latent_dim": 2, "sampler": "gmm", "components": 2,
                    "network": {"class": "MLP", "hidden": [8]},
                },
                "train": {"batch_size": 100, "steps": 12, "ema": 0.9, "execution": "eager"},
            }
        ],
        "test",
    )  # fmt: skip
    images = data.load("glyphs")
    torch.manual_seed(0)
    model = components.build(settings.model, config.MODELS, image_shape=images.image_shape)
    return Trainer(model, images, settings.train, 0, devices.choose("cpu", "fp32"))


def test_a_fit_on_the_way_is_timed_and_changes_no_later_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(density, "ITERATIONS", 1)
    straight, paused = tiny_trainer(), tiny_trainer()
    for _ in straight.records():
        pass
    fits = []
    for record in paused.records():
        if isinstance(record, Progress):
            model, fit = timing.sampled_model(paused)
            assert isinstance(model, VAE)
            assert model.fitted
            assert paused.run_step.ema is not None
            weights = dict(model.named_parameters())
            assert all(torch.equal(w, paused.run_step.ema.state[n]) for n, w in weights.items())
            assert paused.seconds == record.seconds
            fits.append(fit)
    assert fits
    assert min(fits) > 0
    for name, tensor in straight.model.named_parameters():
        assert torch.equal(tensor, paused.model.get_parameter(name)), name


@pytest.mark.usefixtures("known_features")
def test_the_second_judge_gets_the_scale_of_the_first() -> None:
    """Features times ten give a hundred times the FD."""
    images = data.load("glyphs", validation=0.1)
    trained = domain.extractor(images, silent)
    larger = Extractor("larger", "", lambda x: (10 * trained.extract(x)[0], None))
    first = reference.of(images, trained, 500, silent)
    table = Features(10 * first.table.values, None)
    judges = Judges(first, reference.Reference(images, larger, table, 500))
    assert judges.unit() == pytest.approx(0.01, rel=1e-4)


def result(
    entry: str, seed: int, seconds: Sequence[float], second_fd: float = 0.9
) -> dict[str, Any]:
    """A training that passed 5 and then 1 after so many seconds."""
    passed = {
        key: {"seconds": s, "fit": 0.0, "step": 1, "fd": 0.8, "test_fd": 0.85,
              "second_fd": second_fd}
        for key, s in zip(("5", "1"), seconds, strict=False)
    }  # fmt: skip
    return {
        "entry": entry,
        "seed": seed,
        "passed": passed,
        "curve": [{"seconds": 2.0, "fd": 9.0}, {"seconds": 4.0, "fd": 0.8}],
        "gflops": [100.0, 120.0],
        "hardware": {"processor": "a processor", "threads": 2, "versions": {"torch": "2.0"}},
        "date": "2025-01-02T00:00:00",
    }


@pytest.mark.drawn
def test_the_board_has_medians_ranges_and_shares(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    index = tmp_path / "results" / "index.md"
    index.write_text(f"```\n{speedrun_page.BEFORE}```\n")
    changed = {"slow": "nothing", "fast": "all", "new": "not measured"}
    found = [
        *(result("slow", seed, [30.0 + seed]) for seed in range(3)),
        result("fast", 0, [4.0, 20.0], second_fd=4.2),
        result("fast", 1, [5.0, 40.0], second_fd=4.2),
        result("fast", 2, [6.0]),
    ]
    for _ in range(2):
        speedrun_page.write(tmp_path, PROTOCOL, 0.5, changed, found)
    page = (tmp_path / "speedrun.md").read_text()
    rows = re.findall(r"^\| (?:slow|fast|new) .*$", page, re.MULTILINE)
    assert rows == [
        "| fast | all | 5.0 s (4.0 s to 6.0 s; 3 of 3) | 40 s (20 s to > 100 s; 2 of 3) "
        "| 110 (100 to 120) |",
        "| slow | nothing | 31 s (30 s to 32 s; 3 of 3) | — (0 of 3 in 100 s) | 110 (100 to 120) |",
        "| fast | 5 | 3 | 0.8 | 0.85 | 2.1 | confirmed |",
        "| fast | 1 | 2 | 0.8 | 0.85 | 2.1 | **not confirmed** |",
        "| slow | 5 | 3 | 0.8 | 0.85 | 0.45 | confirmed |",
    ]
    assert "\n\nNot measured yet: new.\n\n" in page
    assert speedrun_page.median([found[3], found[5], found[5]], 1.0) == math.inf
    assert index.read_text() == f"```\n{speedrun_page.BEFORE}{speedrun_page.LINK}```\n"
    assert (tmp_path / "pictures" / "speedrun.png").is_file()


@pytest.mark.drawn
@pytest.mark.parametrize(
    ("unit", "said", "shown"),
    [
        (1.0444, None, "0.9"),
        (0.996, None, "0.9"),
        (1.06, "1.06", "0.954"),
        (0.1234, "0.123", "0.1111"),
    ],
)
def test_the_scale_of_the_second_features_is_said_where_it_is_another(
    tmp_path: Path, unit: float, said: str | None, shown: str
) -> None:
    speedrun_page.write(tmp_path, PROTOCOL, unit, {"slow": "nothing"}, [result("slow", 0, [30.0])])
    page = (tmp_path / "speedrun.md").read_text()
    found = re.search(r"second FD is multiplied by (\S+):", page)
    assert (found[1] if found else None) == said
    assert f"| 0.85 | {shown} | confirmed |" in page
    assert "Not measured yet" not in page


def test_no_entry_tells_a_measured_time() -> None:
    assert not [e.name for e in speedrun.ENTRIES if re.search(r"\d s\b", e.changed)]


def test_the_page_is_what_the_results_say(tmp_path: Path) -> None:
    content = results.read(results.FOLDER / "speedrun.json")
    changed = {entry.name: entry.changed for entry in speedrun.ENTRIES}
    protocol, unit = content["protocol"], content["second_unit"]
    speedrun_page.write(tmp_path, protocol, unit, changed, content["results"])
    written = (tmp_path / "speedrun.md").read_text(encoding="utf-8")
    assert (results.DOCS / "speedrun.md").read_text(encoding="utf-8") == written


def test_a_setting_that_changes_no_model_or_is_new_leaves_results_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = speedrun.ENTRIES[0]
    then: dict[str, Any] = entry.read(0, RULES).plain()
    del then["train"]["watch_copies"]
    path = tmp_path / "speedrun.json"
    found = {**result(entry.name, 0, []), "configuration": then}
    path.write_text(json.dumps({"protocol": PROTOCOL, "results": [found]}))
    assert speedrun.current(path, PROTOCOL, RULES) == [found]
    then["train"]["optimizer"]["lr"] = 0.5
    path.write_text(json.dumps({"protocol": PROTOCOL, "results": [found]}))
    assert speedrun.current(path, PROTOCOL, RULES) == []
    assert "left out, the entry has changed" in capsys.readouterr().out


def test_the_page_is_linked_only_if_it_exists() -> None:
    docs = results.DOCS
    measured = (results.FOLDER / "speedrun.json").is_file()
    index = (docs / "results" / "index.md").read_text(encoding="utf-8")
    assert speedrun_page.BEFORE in index
    assert (speedrun_page.LINK in index, (docs / "speedrun.md").is_file()) == (measured, measured)


def test_entries_differ_and_hold_out_the_same_images() -> None:
    found = [entry.read(3, RULES) for entry in speedrun.ENTRIES]
    assert len({entry.name for entry in speedrun.ENTRIES}) == len(found)
    assert {(s.data.name, s.data.validation, s.seed, s.train.budget) for s in found} == {
        ("mnist", speedrun.HELD_OUT, 3, 90.0)
    }
    changed = speedrun.BoardRow("vae.yaml", "", ("train.batch_size=7",))
    assert changed.name == "vae.yaml train.batch_size=7"
    assert changed.read(0, RULES).train.batch_size == 7


def test_every_training_compiles_anew() -> None:
    assert speedrun.in_fresh_process(os.getpid) != os.getpid()
    folders = {speedrun.in_fresh_process(os.getenv, "TORCHINDUCTOR_CACHE_DIR") for _ in range(2)}
    assert len(folders | {os.environ["TORCHINDUCTOR_CACHE_DIR"]}) == 3


@pytest.mark.slow
@pytest.mark.usefixtures("few_images")
def test_what_is_missing_is_measured_and_the_page_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[dict[str, int]] = []
    made = session.trainer_of

    def trainer_of(settings: Any, images: Any, device: Any) -> Trainer:
        seen.append({split: images.count(split) for split in images.splits})
        return made(settings, images, device)

    monkeypatch.setattr(session, "trainer_of", trainer_of)
    monkeypatch.setattr(speedrun, "DATA", "glyphs")
    monkeypatch.setattr(speedrun, "SECOND_STEPS", 2)
    monkeypatch.setattr(speedrun, "RATE_SECONDS", 0.01)
    monkeypatch.setattr(speedrun, "THRESHOLDS", (1000.0, 1e-9))
    monkeypatch.setattr(speedrun, "in_fresh_process", lambda f, *given: f(*given))

    def call(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["speedrun", "--docs", str(tmp_path), *words])
        speedrun.main()
        return capsys.readouterr().out

    words = ["vae.yaml", "--limit", "0.5s", "--seeds", "1"]
    out = call(*words)
    assert re.fullmatch(
        r"1 of 1: vae.yaml, seed 0\n  FD < 1000: \d\.\d s, FD < 1e-09: —; lowest \S+\n", out
    )
    assert [(count[VALIDATION], count[TEST]) for count in seen] == [(0, 0)]
    assert seen[0][TRAIN] > 0
    page = (tmp_path / "speedrun.md").read_text()
    assert re.search(r"^\| vae.yaml \| .* \| — \(0 of 1 in 0.5 s\) \|", page, re.MULTILINE)
    assert call(*words) == ""
    assert re.search("^1 of 1: vae.yaml, seed 1$", call(*words[:-1], "2"), re.MULTILINE)
    assert len(seen) == 2

    for wrong, why in [
        (["--limit", "9s"], "has limit 0.5, not 9.0; use the same, or another --docs"),
        (["nothing.yaml", *words[1:]], "there is no entry 'nothing.yaml'; use report/vae.yaml"),
    ]:
        with pytest.raises(SystemExit, match="2"):
            call(*wrong)
        assert why in capsys.readouterr().err

    other = speedrun.BoardRow("vae.yaml", "", ("model.beta=4",))
    monkeypatch.setattr(speedrun, "ENTRIES", (other,))
    out = call(other.name, *words[1:])
    assert "vae.yaml, seed 0: left out, the entry has changed" in out
    assert "1 of 1: vae.yaml model.beta=4, seed 0" in out


def test_the_demo_has_the_fastest_preset_beside_those_of_the_report() -> None:
    repository = Path(__file__).parents[2]
    board = (repository / "docs" / "speedrun.md").read_text(encoding="utf-8")
    fastest = re.search(r"^\| ([\w-]+\.yaml) ", board, re.MULTILINE)  # rows are in this order
    shown = re.search(r"^DEMO = (.*)$", (repository / "Makefile").read_text(), re.MULTILINE)
    assert fastest
    assert shown
    assert shown[1].split() == ["report/vae.yaml", "report/gan.yaml", fastest[1]]
