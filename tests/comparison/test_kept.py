"""What was evaluated before is read, unless something that its numbers depend on has changed."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from conftest import CommandLine, Trained
from genmodels.comparison import kept, transport
from genmodels.comparison.kept import Kept
from genmodels.evaluation import baselines, protocol
from genmodels.evaluation.metrics.scores import Scored
from genmodels.runs import Folder
from genmodels.system import cache, provenance

PROTOCOL = {"count": 300, "seed": 0}
SCORED = Scored({"kid": 0.1 + 0.2}, {"modes": "no classes"}, [0.5, 0.5])
BEFORE = "runs were evaluated before, with the same settings: read from"


@pytest.fixture
def run(workplace: Path, trained: Trained) -> Folder:
    return Folder(trained(workplace / "runs" / "vae-1"))


def append_to_log(run: Folder) -> None:
    run.append({"epoch": 2, "step": 99, "images": 1, "seconds": 1})


def add_a_snapshot(run: Folder) -> None:
    shutil.copy(run.checkpoint_paths()[-1], run.snapshots)


def change_code(run: Folder) -> None:
    (run.path / "code").mkdir()
    (run.path / "code" / "own.py").write_text("x = 1")


@pytest.mark.parametrize("change", [append_to_log, add_a_snapshot, change_code])
def test_a_run_that_has_changed_is_evaluated_again(
    run: Folder, change: Callable[[Folder], None]
) -> None:
    described = kept._described(run)
    assert described == kept._described(Folder(run.path)) is not None
    change(run)
    assert kept._described(run) != described


def test_a_copy_of_a_run_needs_no_new_evaluation(run: Folder) -> None:
    shutil.copytree(run.path, "copy")
    assert kept._described(Folder(Path("copy"))) == kept._described(run)


def test_weights_are_known_by_the_hash_in_their_file(run: Folder, trained: Trained) -> None:
    other = Folder(trained(Path("other"), "vae.yaml", "--seed", "1"))
    ours: Any = kept._described(run)
    theirs: Any = kept._described(other)
    assert ours
    assert theirs
    assert not set(ours["weights"]) & set(theirs["weights"])


def test_without_a_hash_nothing_is_kept(run: Folder, own_cache: Path) -> None:
    run.checkpoint_paths()[-1].write_bytes(b"damaged")
    assert kept._described(run) is None
    assert Kept(PROTOCOL).find(run) is None
    assert not (own_cache / "evaluations").exists()


def test_scores_are_found_bit_for_bit_under_the_same_protocol() -> None:
    Kept(PROTOCOL).keep_baseline("floor", SCORED)
    assert Kept(dict(PROTOCOL)).find_baseline("floor") == SCORED
    assert Kept(PROTOCOL).find_baseline("copycat") is None
    assert Kept({**PROTOCOL, "seed": 1}).find_baseline("floor") is None
    assert Kept({**PROTOCOL, "threads": 1}).find_baseline("floor") is None


@pytest.mark.parametrize("key", ["torch", "genmodels", "code", "machine"])
def test_other_versions_code_or_machines_compute_anew(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Kept(PROTOCOL).keep_baseline("floor", SCORED)
    now = provenance.maker()
    monkeypatch.setattr(provenance, "maker", lambda: {**now, key: "another"})
    assert Kept(PROTOCOL).find_baseline("floor") is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"numbers": {}}', b"\xff", b"[" * 10**5])
def test_a_damaged_file_is_made_anew(content: bytes, own_cache: Path) -> None:
    Kept(PROTOCOL).keep_baseline("floor", SCORED)
    (file,) = (own_cache / "evaluations").iterdir()
    whole = file.read_bytes()
    for damaged in (content, whole[:-1], whole.replace(b"0.5", b"0.7")):
        file.write_bytes(damaged)
        assert Kept(PROTOCOL).find_baseline("floor") is None
    file.write_bytes(whole)
    assert Kept(PROTOCOL).find_baseline("floor") == SCORED


def test_files_that_were_not_read_for_long_are_deleted(tmp_path: Path) -> None:
    for age, name in enumerate(["new", "middle", "old"]):
        (tmp_path / name).write_bytes(b"1234")
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    cache.trim(tmp_path, 12)
    assert len(list(tmp_path.iterdir())) == 3
    cache.trim(tmp_path, 8)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["middle", "new"]
    cache.trim(tmp_path, 0)
    assert not list(tmp_path.iterdir())


def test_files_that_are_being_written_or_vanish_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".file.json.1.part").write_bytes(b"1234")
    (tmp_path / "gone.json").symlink_to("nowhere")
    cache.trim(tmp_path, 0)
    assert (tmp_path / ".file.json.1.part").exists()


def test_training_that_goes_on_during_the_evaluation_leaves_nothing_behind(
    genmodels: CommandLine, run: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate = protocol.evaluate

    def meanwhile(*given: Any) -> Any:
        made = evaluate(*given)
        append_to_log(run)
        return made

    monkeypatch.setattr(protocol, "evaluate", meanwhile)
    words = ("compare", run.path, "--count", "100", "--features", "random")
    for _ in range(2):
        outcome = genmodels(*words)
        assert outcome.code == 0
        assert BEFORE not in outcome.err


def fail(*_: Any) -> Any:
    raise AssertionError("evaluated again")


def test_comparing_again_evaluates_nothing(
    genmodels: CommandLine, run: Folder, monkeypatch: pytest.MonkeyPatch, own_cache: Path
) -> None:
    words = ("compare", run.path, "--count", "100", "--features", "random")
    first = genmodels(*words, "--out", "first")
    assert first.code == 0
    assert BEFORE not in first.err
    monkeypatch.setattr(protocol, "evaluate", fail)
    monkeypatch.setattr(baselines, "SCORES", dict.fromkeys(baselines.SCORES, fail))
    again = genmodels(*words, "--out", "again")
    assert again.code == 0, again.err
    assert f"1 of 1 {BEFORE} {own_cache / 'evaluations'}\n" in again.err
    one, other = (json.loads(Path(name, "report.json").read_text()) for name in ("first", "again"))
    one["measured"].pop("date"), other["measured"].pop("date")
    one["measured"].pop("command"), other["measured"].pop("command")
    assert one == other
    pages = [Path(name, "report.html").read_text() for name in ("first", "again")]
    pictures = [[line for line in page.splitlines() if "data:image" in line] for page in pages]
    assert pictures[0] == pictures[1]
    with pytest.raises(AssertionError, match="evaluated again"):
        genmodels(*words, "--out", "other", "--seed", "1")


def test_evaluations_are_kept_bit_for_bit(run: Folder, genmodels: CommandLine) -> None:
    assert genmodels("compare", run.path, "--count", "100", "--features", "random").code == 0
    files = list(cache.path("evaluations").iterdir())
    found = [json.loads(file.read_bytes().partition(b"\n")[2]) for file in files]
    (content,) = [each for each in found if "curve" in each]
    parsed = transport.evaluation(content)
    assert json.loads(json.dumps(parsed, default=transport.plain)) == content
    assert parsed.suspicious.dtype == torch.float32
