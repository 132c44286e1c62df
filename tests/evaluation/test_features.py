"""Features by name: which are trained, kept, refused, and what is scored with them."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from genmodels import data
from genmodels.comparison import judges
from genmodels.console import Display
from genmodels.data.images import silent
from genmodels.errors import InputError, Interrupted, Note, Unwritable
from genmodels.evaluation import baselines, reference
from genmodels.evaluation.features import catalogue, domain, untrained
from genmodels.evaluation.features.network import FeatureNet
from genmodels.evaluation.metrics import pixel_statistics, scores
from genmodels.runs import checkpoint
from genmodels.system import randomness

# Of test images, by the features that are shipped.
ACCURACY = {"glyphs": 0.99, "mnist": 0.99, "fashion-mnist": 0.88}


@pytest.fixture(scope="module")
def glyphs() -> Any:
    return data.load("glyphs")


def published(root: Path) -> list[Any]:
    """The downloaded sets of which features are shipped."""
    if not (root / "FashionMNIST" / "raw").is_dir():
        pytest.skip(f"Fashion-MNIST is not under {root}")
    return [data.load(name, root=root) for name in ("mnist", "fashion-mnist")]


def test_shipped_weights_classify(mnist_root: Path, glyphs: Any) -> None:
    for images in [glyphs, *published(mnist_root)]:
        extractor = domain.extractor(images, silent)
        rows = images.splits["test"]
        seen: Any = extractor(images.batch(part).images for part in rows.split(1000))
        assert seen.values.shape == (len(rows), 64)
        assert images.labels is not None
        assert (seen.labels == images.labels[rows]).double().mean() >= ACCURACY[images.name]


def test_shipped_weights_need_no_training(glyphs: Any, own_cache: Path) -> None:
    def fail(*arguments: Any) -> None:
        raise AssertionError("it trains")

    assert catalogue.choose("domain").make(glyphs, fail).hash == domain.extractor(glyphs, fail).hash
    assert not (own_cache / "features").exists()


@pytest.mark.parametrize("kind", catalogue.KINDS, ids=lambda kind: kind.name)
def test_features_are_called_as_their_row(glyphs: Any, kind: catalogue.FeatureKind) -> None:
    if not kind.is_at_hand(glyphs):
        pytest.skip(f"{kind.name} features are not at hand")
    extractor = kind.make(glyphs, silent)
    assert extractor.name == kind.name
    assert extractor([glyphs.batch(torch.arange(3)).images]).values.ndim == 2


def made_up(labels: bool, count: int = 120) -> Any:
    """Bright discs of class 0, dark ones of class 1; each with a corner that says what is up."""
    generator = randomness.generator(0, "made up")
    table = torch.randint(0, 40, (count, 1, 12, 12), generator=generator)
    table[::2, :, 4:8, 4:8] += 200
    table[:, :, 0:3, 0:3] = 255
    rows = torch.arange(count)
    splits = {"train": rows[: count // 2], "validation": rows[:0], "test": rows[count // 2 :]}
    numbers = (rows % 2 != 0).long()
    return data.images.Images(
        "made up", table.byte(), splits, numbers if labels else None, ("a", "b") if labels else ()
    )


@pytest.mark.parametrize(
    ("signal", "code"), [(KeyboardInterrupt(), 130), (Interrupted("interrupted", 129), 129)]
)
def test_features_are_announced_and_a_signal_says_that_they_start_again(
    signal: BaseException,
    code: int,
    own_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stopped(*arguments: Any) -> None:
        raise signal

    monkeypatch.setattr(domain, "STEPS", 1)
    images, train = made_up(True), domain.train
    monkeypatch.setattr(domain, "train", stopped)
    said = r"stopped before the features of made up were trained"
    with pytest.raises(Interrupted, match=said) as interrupted:
        judges.extractors(["auto"], images, Display())
    assert interrupted.value.code == code
    announced = "made up has no features to compare by yet"
    assert announced in capsys.readouterr().err
    monkeypatch.setattr(domain, "train", train)
    judges.extractors(["auto"], images, Display())
    assert announced in capsys.readouterr().err
    judges.extractors(["domain"], images, Display())
    assert capsys.readouterr().err == ""
    judges.extractors(["random"], images, Display())
    assert announced not in capsys.readouterr().err


@pytest.mark.parametrize("labels", [True, False])
def test_other_sets_are_learnt_once_and_kept(
    labels: bool, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain, "STEPS", 60)
    images = made_up(labels)
    told = []
    first = domain.extractor(images, lambda *a: told.append(a))
    assert told
    again = domain.extractor(images, silent)
    assert first.hash == again.hash
    seen = first([images.batch(images.splits["test"]).images])
    assert (seen.labels is not None) == labels
    (file,) = (own_cache / "features").iterdir()
    named = catalogue.choose(str(file)).make(images, silent)
    assert (named.hash, named.name) == (first.hash, file.stem)


def test_what_is_refused(glyphs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"unknown `features` 'domian' \(did you mean 'domain'"):
        catalogue.choose("domian")
    path = tmp_path / "f.safetensors"
    domain.save(path, FeatureNet(3, 10), glyphs, 0.5)
    with pytest.raises(InputError, match="trained on images with 3 channel"):
        catalogue.choose(str(path)).make(glyphs, silent)
    for header in ({"run": "vae"}, {"kind": domain.KIND, "channels": 1}):
        checkpoint.save(path, {}, header)
        with pytest.raises(InputError, match="holds no features"):
            catalogue.choose(str(path)).make(glyphs, silent)
    path.write_bytes(b"no file of ours")
    with pytest.raises(InputError, match="damaged or incomplete"):
        catalogue.choose(str(path)).make(glyphs, silent)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'genmodels\[inception\]'"):
        catalogue.choose("inception").make(glyphs, silent)
    extractor = untrained.extractor(glyphs, silent)
    with pytest.raises(InputError, match="not finite"):
        extractor([torch.full((2, 1, 28, 28), float("nan"))])


# Inception, with a stand-in for its weights: the same network, untrained.


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    module = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")
    kind = module.FeatureExtractorInceptionV3
    path = tmp_path_factory.mktemp("inception") / "weights.pth"
    with pytest.MonkeyPatch.context() as patched, randomness.placed(0, "inception"):
        patched.setattr(kind, "load_state_dict", lambda *arguments: None)
        patched.setattr(torch, "load", lambda *arguments, **options: {})
        torch.save(kind("inception", ["2048"], "none").state_dict(), path)
    return path


def test_inception_reads_its_own_weights_alone(
    stand_in: Path, glyphs: Any, monkeypatch: pytest.MonkeyPatch, own_cache: Path
) -> None:
    from genmodels.evaluation.features import inception

    monkeypatch.setenv(inception.WEIGHTS, str(stand_in))
    with pytest.raises(InputError, match=r"is not .*6726825d\.pth: its hash begins with"):
        inception.extractor(glyphs, silent)
    digest = hashlib.sha256(stand_in.read_bytes()).hexdigest()
    monkeypatch.setattr(inception, "HASH", digest[:8])
    extractor = inception.extractor(glyphs, silent)
    seen = extractor([glyphs.batch(glyphs.splits["test"][:3]).images])
    assert seen.values.shape == (3, 2048)
    assert seen.labels is None
    monkeypatch.setenv(inception.WEIGHTS, str(stand_in.parent / "absent"))
    with pytest.raises(InputError, match="which is not a file"):
        inception.extractor(glyphs, silent)
    monkeypatch.delenv(inception.WEIGHTS)
    monkeypatch.setattr(inception, "URL", stand_in.as_uri())
    assert inception.extractor(glyphs, silent).hash == extractor.hash
    assert (own_cache / stand_in.name).is_file()


# What is scored with them.


@pytest.fixture(scope="module")
def seen(glyphs: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    import platformdirs

    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(platformdirs, "user_cache_path", lambda *names, **options: cache)
        return reference.of(glyphs, domain.extractor(glyphs, silent), 2000, silent)


@pytest.fixture(scope="module")
def floors(seen: Any) -> Any:
    return {name: score(seen) for name, score in baselines.SCORES.items()}


def test_the_gaussian_baseline_does_not_depend_on_the_signs_of_its_axes(
    seen: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, decompose = next(baselines.gaussian_images(seen)), torch.svd_lowrank

    def flipped(*given: Any, **named: Any) -> Any:
        left, scales, axes = decompose(*given, **named)
        return -left, scales, -axes

    monkeypatch.setattr(torch, "svd_lowrank", flipped)
    assert torch.equal(next(baselines.gaussian_images(seen)), usual)


@pytest.mark.slow
def test_baselines_stand_in_order(seen: Any, floors: Any) -> None:
    fd = scores.fd_name(seen)
    assert fd == "fd_domain"
    found = [floors[name].numbers[fd] for name in ("copycat", "floor", "gaussian", "mean_image")]
    assert max(found[:2]) < 0.2 * found[2] < found[3]
    assert floors["copycat"].numbers["copied"] > 0.98
    assert floors["floor"].numbers["copied"] < 0.05
    assert floors["floor"].numbers["coverage"] == pytest.approx(0.97, abs=0.03)
    assert floors["mean_image"].numbers["modes"] == 1


@pytest.mark.slow
def test_one_class_covers_a_tenth(seen: Any) -> None:
    rows = seen.images.splits["train"]
    sevens = rows[seen.images.labels[rows] == 7]
    found = scores.score(seen, seen.table[sevens]).numbers
    assert found["class_kl"] == pytest.approx(torch.tensor(10.0).log().item(), abs=0.05)
    assert (found["modes"], found["rarest_class"]) == (1, 0)
    assert found["coverage"] == pytest.approx(0.1, abs=0.03)
    tenth, others = sevens[::10], rows[seen.images.labels[rows] != 7]
    found = scores.score(seen, seen.table[torch.cat([tenth, others])]).numbers
    assert found["rarest_class"] == pytest.approx(0.1, abs=0.02)


def test_what_was_seen_is_read_again(glyphs: Any, own_cache: Path) -> None:
    small = made_up(True)
    extractor = untrained.extractor(small, silent)
    first = reference.of(small, extractor, 30, silent)

    def fail(*arguments: Any) -> None:
        raise AssertionError("it looks again")

    again = reference.of(small, extractor, 30, fail)
    assert torch.equal(first.table.values, again.table.values)
    assert scores.score(first, first.test).numbers == scores.score(again, again.test).numbers


def test_few_and_constant_images_give_no_nan(glyphs: Any) -> None:
    small = made_up(False)
    seen = reference.of(small, untrained.extractor(small, silent), 60, silent)
    constant = seen.extractor([torch.full((60, 1, 12, 12), 0.3)])
    found = scores.score(seen, constant)
    assert all(value == value for value in found.numbers.values())
    assert found.undefined["class_kl"] == "the extractor has no classes"
    few = scores.score(seen, seen.extractor([torch.rand(4, 1, 12, 12)]))
    assert "more than 5 images" in few.undefined["coverage"]
    assert "precision" not in few.numbers


def test_blocks_do_not_matter() -> None:
    images = torch.rand(30, 1, 9, 9)
    whole, parts = pixel_statistics.of_blocks([images]), pixel_statistics.of_blocks(images.split(7))
    assert whole == pytest.approx(parts)


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), Unwritable("full")])
def test_a_cache_that_cannot_be_written_keeps_nothing(
    error: Exception, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    images = made_up(True)
    extractor = untrained.extractor(images, silent)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", fail)
        with pytest.warns(Note, match="cannot be written: what is computed is made anew"):
            found = reference.of(images, extractor, 30, silent)
    assert not list((own_cache / "features").iterdir())
    kept = reference.of(images, extractor, 30, silent)
    assert len(list((own_cache / "features").iterdir())) == 1
    assert torch.equal(found.table.values, kept.table.values)


def test_a_network_that_cannot_be_kept_is_used_once(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    glyphs = data.load("glyphs")
    images = replace(glyphs, table=255 - glyphs.table)  # in no package and no cache
    monkeypatch.setattr(domain, "STEPS", 10)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", fail)
        with pytest.warns(Note, match="cannot be written: what is computed is made anew"):
            once = domain.extractor(images, silent)
    assert not own_cache.exists()
    assert domain.extractor(images, silent).hash == once.hash
