"""What functions return: shapes, types, files, and how it is shown."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from conftest import Trained
from genmodels import Run, api, load
from genmodels.api import Comparison
from genmodels.errors import InputError, Note

TENSORS: dict[str, tuple[Callable[[Run], Tensor], tuple[int, ...]]] = {
    "sample": (lambda run: run.sample(), (64, 1, 28, 28)),
    "three": (lambda run: run.sample(3), (3, 1, 28, 28)),
    "interpolate": (lambda run: run.interpolate(), (8, 10, 1, 28, 28)),
    "lerp": (lambda run: run.interpolate("lerp", rows=2, steps=3), (2, 3, 1, 28, 28)),
    "perturb": (lambda run: run.interpolate("perturb", rows=1), (1, 21, 1, 28, 28)),
    "encode": (lambda run: run.encode(run.sample(3)), (3, 10)),
    "encode bytes": (lambda run: run.encode((run.sample(3) * 255).byte()), (3, 10)),
    "decode": (lambda run: run.decode(torch.zeros(4, 10)), (4, 1, 28, 28)),
    "reconstruct": (lambda run: run.reconstruct(run.sample(5)), (5, 1, 28, 28)),
}


@pytest.mark.parametrize(("call", "shape"), TENSORS.values(), ids=TENSORS)
def test_tensors_are_as_documented(
    call: Callable[[Run], Tensor], shape: tuple[int, ...], first: Run
) -> None:
    made = call(first)
    assert made.shape == shape
    assert (made.dtype, made.device, made.requires_grad) == (torch.float32, torch.device("cpu"), 0)
    if shape[-1] == 28:
        assert 0 <= made.min() <= made.max() <= 1


def test_a_run_tells_what_it_is(first: Run) -> None:
    assert (first.path, first.name, first.data, first.step) == (
        Path("runs/first"),
        "vae",
        "glyphs",
        2,
    )
    assert first.settings.train.steps == 2
    (record,) = first.log
    assert (record["step"], record["images"]) == (2, 256)
    assert not first.model().training
    (first.path / "checkpoints" / "step-000000002.safetensors").unlink()
    assert load("first").step is None


def test_reconstructing_is_encoding_and_decoding(first: Run) -> None:
    images = first.sample(3)
    assert torch.equal(first.reconstruct(images), first.decode(first.encode(images)))


@pytest.mark.parametrize("name", ["a.png", "a.npy", "a.npz", "a"])
def test_images_are_written_and_the_path_returned(name: str, first: Run) -> None:
    images = first.sample(4)
    assert api.save_images(images, name) == Path(name)
    assert api.sample_to(first, f"to-{name}", count=4) == Path(f"to-{name}")
    read = [_read(Path(prefix + name)) for prefix in ("", "to-")]
    assert read[0] == read[1]


def _read(path: Path) -> list[bytes]:
    if path.suffix in (".npy", ".npz"):
        array = np.load(path)
        return [(array["images"] if path.suffix == ".npz" else array).tobytes()]
    return [each.read_bytes() for each in (sorted(path.iterdir()) if path.is_dir() else [path])]


def test_walks_are_written(first: Run) -> None:
    walks = first.interpolate(rows=2, steps=3)
    for name in ("a.png", "a.gif"):
        assert api.save_images(walks, name).stat().st_size > 100


def test_the_old_way_to_write_samples_still_works(first: Run) -> None:
    with pytest.warns(Note) as notes:
        path = api.sample(first, 4, out="old.npy")
    assert [str(note.message) for note in notes] == [
        "sample(out=...) will be removed; use save_images(sample(...), path) or api.sample_to"
    ]
    assert [note.filename for note in notes] == [__file__]
    assert path == Path("old.npy")
    assert np.load(path).shape == (4, 1, 28, 28)


# How it is shown.


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory, trained: Trained) -> Comparison:
    place = tmp_path_factory.mktemp("compared")
    runs: list[Path | str] = [trained(place / "vae"), str(trained(place / "gan", "gan.yaml"))]
    return api.compare(runs, count=60, features="random", out=place / "out", quiet=True)


def shown(first: Run, comparison: Comparison) -> Iterator[tuple[str, object]]:
    """Everything that a public function returns and Python shows."""
    yield "run", first
    yield "settings", first.settings
    yield "folder", first.folder
    yield from ((f"dataset {entry.name}", entry) for entry in api.datasets())
    yield from ((f"finding {finding.path}", finding) for finding in api.verify(first))
    for entry in api.models():
        yield f"model {entry.name}", entry
        yield from ((f"preset {preset.name}", preset) for preset in entry.presets)
    yield "comparison", comparison
    yield from ((f"pair {pair.better}", pair) for pair in comparison.pairs)
    for compared in comparison.entries:
        yield f"entry {compared.name}", compared
        yield f"result of {compared.name}", compared.results[0]
        yield f"evaluation of {compared.name}", compared.first
        yield f"estimate of {compared.name}", compared.estimate(comparison.fd)


@pytest.mark.slow
def test_everything_is_shown_in_a_line_or_two(first: Run, comparison: Comparison) -> None:
    for name, thing in shown(first, comparison):
        text = repr(thing)
        assert len(text) < 200, f"{name}: {text}"
        assert text.count("\n") < 2, f"{name}: {text}"


def test_a_run_that_cannot_be_read_is_still_shown(first: Run) -> None:
    assert repr(first) == "<Run runs/first: vae on glyphs, 2 steps>"
    (first.path / "checkpoints" / "step-000000002.safetensors").unlink()
    assert repr(load("first")) == "<Run runs/first: vae on glyphs, no checkpoint>"
    opened = load("first")
    (first.path / "environment.json").write_text("{")
    assert repr(opened) == "<Run runs/first: damaged>"
    with pytest.raises(InputError, match=r"^Run\(PosixPath\('x'\)\): open a run with genmodels"):
        Run(Path("x"))  # type: ignore[arg-type]
    with pytest.warns(Note, match=r"left out: runs/first/environment.json") as notes:
        assert api.runs() == []
    assert len(notes) == 1


@pytest.mark.slow
def test_a_comparison_is_a_table_in_a_notebook(comparison: Comparison) -> None:
    page = comparison._repr_html_()
    assert page.startswith("<table><caption>glyphs: 60 images on each side</caption>")
    assert page.count("<tr>") == 1 + len(comparison.table()) == 1 + len(comparison.rows())
    assert next(row[0] for row in comparison.table()) in page
    for heading in ("vae", "gan"):
        assert f"<th>{heading}</th>" in page
