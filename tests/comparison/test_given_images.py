"""Images of any other tool are a column of a comparison, and judges are tried with them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from conftest import CommandLine, Trained
from genmodels import InputError, api, data, load
from genmodels.data.images import TEST, TRAIN, Images
from genmodels.evaluation import protocol
from genmodels.evaluation.metrics.image_metrics import IMAGE_METRICS
from genmodels.evaluation.metrics.scores import SAMPLE_METRICS

pytestmark = pytest.mark.usefixtures("known_features")
COUNT = 300
QUICK = ("--count", COUNT, "--features", "random")
NEEDS_IMAGES_ALONE = {m.key for m in SAMPLE_METRICS} | {m.key for m in IMAGE_METRICS}


@pytest.fixture(scope="module")
def glyphs() -> Images:
    return data.load("glyphs")


def real(images: Images, split: str = TEST, count: int = COUNT) -> Tensor:
    return images.table[images.splits[split][:count]]


def report(folder: str = "comparison") -> Any:
    return json.loads((Path(folder) / "report.json").read_text())


def compare(*subjects: Any, **given: Any) -> api.Comparison:
    options = {"count": COUNT, "features": "random", "data": "glyphs", "quiet": True}
    return api.compare(list(subjects), **{**options, **given})


def test_a_run_beside_samples_of_other_tools(
    genmodels: CommandLine, workplace: Path, trained: Trained, glyphs: Images
) -> None:
    trained(workplace / "runs" / "vae")
    api.save_images(real(glyphs), "another_tool")
    labels = glyphs.labels[glyphs.splits[TRAIN][:400]]  # type: ignore[index]
    np.savez("stylegan.npz", images=real(glyphs, TRAIN, 400).numpy(), labels=labels.numpy())
    words = ("runs/vae", "./another_tool", "stylegan.npz", "--data", "glyphs", "--count", COUNT)
    outcome = genmodels("compare", *words)
    assert outcome.code == 0, outcome.err
    said = (
        "another_tool, stylegan.npz: only their images are given, so there are no numbers of a "
        "model (likelihood, reconstructions, discriminator) and none of its training."
    )
    assert outcome.out.replace("\n", " ").count(said) == 1
    assert Path("comparison/report.html").read_text().count(said) == 1
    assert Path("comparison/report.md").read_text().count(said) == 1
    content = report()
    run, folder, array = content["models"]
    assert [run["name"], folder["name"], array["name"]] == ["vae", "another_tool", "stylegan.npz"]
    assert [model["given"] for model in content["models"]] == [False, True, True]
    assert {*array["numbers"], *array["undefined"]} >= NEEDS_IMAGES_ALONE
    assert array["numbers"]["label_accuracy"]["mean"] > 0.95
    assert array["numbers"]["copied"]["mean"] == 1
    assert folder["undefined"]["label_accuracy"] == "they were generated without labels"
    fd = {model["name"]: model["numbers"]["fd_domain"]["mean"] for model in content["models"]}
    floor = content["floor"]["numbers"]["fd_domain"]  # a mean, with few images
    assert floor / 3 < fd["another_tool"] < 3 * floor < fd["vae"]
    assert all("nll" not in key for key in array["numbers"])
    assert "runs/" not in json.dumps({k: v for k, v in content.items() if k != "measured"})
    assert all("seeds" not in line for line in content["fairness"])
    verdicts = {p["verdict"] for p in content["pairs"]}
    assert all(verdict.startswith("not tested: only images of ") for verdict in verdicts)
    assert content["summary"].endswith(
        "given images have no training seeds, so differences to them are not tested."
    )
    figures = {path.name for path in Path("comparison/figures").iterdir()}
    assert {"samples-1-given.png", "pairs-2.png", "fd-over-images.svg"} <= figures
    assert "perturbation-1.png" not in figures


def noisy(images: Tensor, spread: float) -> Tensor:
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    return (images / 255 + spread * noise).clamp(0, 1)


@pytest.mark.parametrize("features", ["random", "domain"])
def test_judges_order_what_is_known(workplace: Path, glyphs: Images, features: str) -> None:
    images = real(glyphs)
    labels = glyphs.labels
    assert labels is not None
    one = images[labels[glyphs.splits[TEST][:COUNT]] == 3]
    found = compare(
        images, noisy(images, 0.05), noisy(images, 0.3), images / 255 * 0.8, images / 255 * 0.4,
        one.repeat(-(-COUNT // len(one)), 1, 1, 1)[:COUNT], features=features,
    )  # fmt: skip
    same, faint, loud, dim, dark, single = (entry.mean(found.fd) for entry in found.entries)
    floor = found.baselines["floor"].numbers[found.fd]
    assert same is not None and faint is not None and dim is not None  # noqa: PT018
    assert loud is not None and dark is not None and single is not None  # noqa: PT018
    assert same < faint < loud
    assert same < dim < dark
    assert same < 3 * floor < min(loud, dark, single)
    worst = found.entries[-1]
    assert (worst.mean("recall") or 0) < 0.5
    if features == "domain":
        assert worst.mean("modes") == 1
        assert found.entries[0].mean("modes") == 10


def test_the_samples_of_a_run_are_measured_as_the_run_is(workplace: Path, trained: Trained) -> None:
    run = load(trained(workplace / "runs" / "vae", "vae.yaml", "--set", "train.ema=null"))
    found = compare(run, run.sample(COUNT, device="cpu"), device="cpu")
    measured, given = found.entries
    assert given.name == "images"
    for key in given.first.numbers:
        rel = 0.2 if key == "diversity" else 0.05  # it depends on the order
        assert given.mean(key) == pytest.approx(measured.mean(key), rel=rel, abs=1e-7), key
    assert given.mean(found.fd) == pytest.approx(measured.mean(found.fd), rel=1e-4)


def test_fewer_images_lower_the_count_of_all(
    genmodels: CommandLine, workplace: Path, trained: Trained, glyphs: Images
) -> None:
    run = trained(workplace / "runs" / "vae")
    np.save("few.npy", real(glyphs, count=40).numpy())
    np.save("many.npy", real(glyphs, count=90).numpy())
    outcome = genmodels("compare", run, "few.npy", "many.npy", *QUICK)
    assert outcome.code == 0, outcome.err
    said = "40 images are given by few.npy, so all are compared by 40"
    assert outcome.err.count(said) == 1
    content = report()
    assert content["protocol"]["generated_images"] == content["protocol"]["real_images"] == 40
    assert f"{said}." in content["fairness"]
    assert content["protocol"]["few_images"]


def test_what_was_evaluated_is_known_by_its_content(
    genmodels: CommandLine, workplace: Path, glyphs: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save("one.npy", real(glyphs).numpy())
    words = ("--data", "glyphs", *QUICK)
    assert genmodels("compare", "one.npy", *words).code == 0
    first = report()
    Path("one.npy").rename("other.npy")
    calls: list[object] = []
    monkeypatch.setattr(protocol, "evaluate_images", lambda *given: calls.append(given))
    outcome = genmodels("compare", "other.npy", *words)
    assert outcome.code == 0, outcome.err
    assert "1 of 1 runs and given images were evaluated before" in outcome.err
    assert not calls
    assert report()["models"][0]["numbers"] == first["models"][0]["numbers"]


@pytest.mark.slow
def test_side_by_side_gives_the_same_report(
    genmodels: CommandLine, workplace: Path, trained: Trained, glyphs: Images, own_cache: Path
) -> None:
    run, other = (trained(workplace / "runs" / name, f"{name}.yaml") for name in ("vae", "gan"))
    api.save_images(real(glyphs, TRAIN, 310), "pictures")
    contents = []
    for jobs in (1, 2):
        outcome = genmodels("compare", run, "pictures", other, *QUICK, "--jobs", jobs)
        assert outcome.code == 0, outcome.err
        assert "were evaluated before" not in outcome.err
        content = report()
        assert content.pop("measured")["jobs"] == jobs
        contents.append((content, Path("comparison/figures/samples-1-given.png").read_bytes()))
        for file in (own_cache / "evaluations").iterdir():
            file.unlink()
    assert contents[0] == contents[1]


def test_names_are_distinct(workplace: Path, glyphs: Images) -> None:
    for name in ("a/x.npy", "b/x.npy", "floor.npy"):
        Path(name).parent.mkdir(exist_ok=True)
        np.save(name, real(glyphs, count=20).numpy())
    Path("floor.npy").rename("floor")
    array = real(glyphs, count=20)
    api.save_images(array, "images")
    found = compare("a/x.npy", "b/x.npy", array, array.numpy(), "images")
    names = [entry.name for entry in found.entries]
    assert names[:4] == ["a/x.npy", "b/x.npy", "images", "images-2"]
    assert names[4].endswith("/images")
    assert repr(found.entries[2]) == "<Entry images: only its images are given>"


def test_nothing_is_trained_for_images_that_do_not_fit(
    genmodels: CommandLine, workplace: Path, glyphs: Images
) -> None:
    np.save("small.npy", real(glyphs, count=20)[..., ::2, ::2].numpy())
    words = ("vae.yaml", "small.npy", "--data", "glyphs", "--steps", "2", *QUICK)
    outcome = genmodels("compare", *words)
    assert outcome.code == 2
    said = "small.npy: an array (20, 1, 14, 14), and the images of glyphs are 1x28x28; give (N, 1,"
    assert said in outcome.err.splitlines()[-1]
    assert not Path("comparison").exists()
    np.save("small.npy", real(glyphs, count=20).numpy())
    outcome = genmodels("compare", *words, "--set", "train.batch_size=8")
    assert outcome.code == 0, outcome.err
    assert [model["name"] for model in report()["models"]] == ["vae", "small.npy"]


REFUSED = {
    "no data": (("real.npy",), "only images are given: choose the data that they are compared with "
                "by --data, a data set's name or a folder of pictures"),
    "root alone": (("real.npy", "--data-root", "."), "--data-root is for data of --data, which is "
                   "not given; give both"),
    "wrong root": (("real.npy", "--data", "glyphs", "--data-root", "."), "--data-root . is for "
                   "named data sets, and glyphs is embedded in the package; leave it out"),
    "unknown data": (("real.npy", "--data", "glyhps"), "did you mean 'glyphs'?"),
    "training": (("real.npy", "--data", "glyphs", "--epochs", 2), "--epochs: only "
                 "runs and images are compared, and nothing is trained; leave it out"),
    "seeds": (("real.npy", "--data", "glyphs", "--seeds", 2), "--seeds: "),
    "twice": (("real.npy", "./real.npy", "--data", "glyphs"), "is given twice; give it once"),
    "missing": (("nothing.npy", "--data", "glyphs"), "there is no file nothing.npy"),
    "text": (("notes.txt", "--data", "glyphs"), "compare takes runs, configurations such as "
             "vae.yaml, folders of pictures, and .npy and .npz files of images"),
    "empty": (("empty", "--data", "glyphs"), "compare takes runs, configurations such as"),
    "other data": (("runs/vae", "real.npy", "--data", "pictures"), "now has other images than "
                   "those runs/vae was trained on; restore them, give others with --data, or"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_in_one_line(
    case: str, genmodels: CommandLine, workplace: Path, trained: Trained, glyphs: Images
) -> None:
    np.save("real.npy", real(glyphs, count=20).numpy())
    Path("notes.txt").write_text("text")
    Path("empty").mkdir()
    words, said = REFUSED[case]
    if "runs/vae" in words:
        trained(workplace / "runs" / "vae")
        api.save_images(real(glyphs, count=200), "pictures")
    outcome = genmodels("compare", *words, *QUICK)
    assert outcome.code == 2
    assert said in outcome.err.splitlines()[-1]
    assert outcome.err.splitlines()[-1].startswith("genmodels: ")
    assert not Path("comparison").exists()


def test_a_damaged_run_is_no_folder_of_pictures(
    genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    run = trained(workplace / "runs" / "vae")
    api.save_images(torch.zeros(12, 1, 28, 28), run / "samples" / "more")
    (run / "config.yaml").unlink()
    outcome = genmodels("compare", run, "--data", "glyphs")
    assert outcome.code == 2
    assert "has files of a training and no config.yaml" in outcome.err


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (torch.zeros(20, 1, 28, 28, dtype=torch.int64), "`subjects`: a tensor (20, 1, 28, 28) of"),
        (torch.zeros(20, 1, 28, 28).to_sparse(), "`subjects`: a tensor that is sparse, nested"),
        (np.zeros((20, 28, 28), np.int32), "`subjects`: values of type int32; give uint8, or floa"),
        (torch.full((20, 1, 28, 28), -1.0), "images: values from -1 to -1; give uint8, or floats"),
        (torch.zeros(9, 1, 28, 28), "images has 9 images; 10 or more are needed to compare"),
        (torch.zeros(20, 3, 28, 28), "images: an array (20, 3, 28, 28), and the images of glyphs"),
    ],
    ids=lambda value: "" if isinstance(value, str) else type(value).__name__,
)  # fmt: skip
def test_tensors_that_are_no_images_are_refused(workplace: Path, wrong: Any, said: str) -> None:
    with pytest.raises(InputError) as error:
        compare(wrong)
    assert str(error.value).startswith(said)


def test_one_tensor_needs_no_list(workplace: Path, glyphs: Images) -> None:
    found = api.compare(real(glyphs), data="glyphs", features="random", count=50, quiet=True)
    assert [entry.name for entry in found.entries] == ["images"]
    assert found.trained == []
    assert repr(found).startswith("<Comparison on glyphs, FD on random features: images ")
