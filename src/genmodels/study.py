"""Several models under one protocol: train what is missing, measure all alike."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from genmodels import config, device, runs, sampling, session
from genmodels.data.images import Images
from genmodels.errors import InputError
from genmodels.evaluation import anchors, features, likelihood, protocol, reference, scores
from genmodels.evaluation.reference import Reference
from genmodels.report.comparison import Comparison, Entry, Result
from genmodels.report.terminal import Display
from genmodels.settings import Data, Settings, Shift

Match = Literal["seconds", "images"]
STRIPS = 4
FRAMES = 21  # of the report's perturbation test


def subjects(
    given: Sequence[str | Path | runs.Folder],
    layers: Sequence[Mapping[str, Any]],
    seeds: int,
    match: Match | None,
    extractor: str,
    out: Path,
    display: Display,
) -> list[runs.Folder]:
    """Turn runs and configurations into runs; configurations are trained under ``out``.

    Args:
        given: runs and configurations; without any, the latest run of each configuration.
        layers: what options lay over every configuration.
        seeds: how often each configuration is trained, with seeds from 0.
        match: what every configuration shall have as much of as the first.
        extractor: name or file of the features they will be compared by.
        out: the study's folder. Runs that are finished there are not trained again.
        display: where progress is shown.

    Raises:
        InputError: there is nothing to compare, nothing of a given name, or what would be
            trained could not be compared.
    """
    if not given:
        return _latest_of_each()
    planned = [item if isinstance(item, runs.Folder) else _plan(item, layers) for item in given]
    to_train = [item for item in planned if not isinstance(item, runs.Folder)]
    _check_before_training(
        [(name, config.read(source, layers)) for name, source in to_train], extractor, display
    )
    limit: dict[str, Any] = {}
    found: list[runs.Folder] = []
    for item in planned:
        if isinstance(item, runs.Folder):
            found.append(item)
            continue
        name, source = item
        for seed in range(seeds):
            settings = config.read(source, [*layers, {"seed": seed}])
            if limit:
                settings = config.read(source, [*layers, {"seed": seed}, _limit(limit, settings)])
            path = out / "runs" / f"{name.replace('/', '-')}-seed-{seed}"
            display.say(f"{name}, seed {seed}: {seed + 1} of {seeds}")
            found.append(session.train(settings, name, path, path.exists(), display))
            if match and not limit:
                limit = {match: found[-1].latest().header["progress"][match]}
    return found


def compare(
    folders: Sequence[runs.Folder], count: int, extractor: str, seed: int, display: Display
) -> Comparison:
    """Measure runs on the test split of their data.

    Args:
        folders: runs on the same data; those that differ by their seed alone are one model.
        count: test images and samples that are used, at most.
        extractor: name or file of the features.
        seed: of the samples.
        display: where progress is shown.

    Raises:
        InputError: different data, no test split, or a run without a checkpoint.
    """
    _check_same_data(folders)
    for folder in folders:
        folder.latest()
    images = _load(folders[0], display)
    reference.check(images)
    chosen = features.choose(extractor, images, display.reading)
    seen = reference.of(images, chosen, count, display.reading)
    display.advance("comparing", 0, len(folders) + 1, "floor and baselines")
    floors = anchors.score(seen)
    where = device.choose().device
    entries: list[Entry] = []
    done = 1
    for name, group in _models(folders).items():
        results = []
        for folder in group:
            display.advance("comparing", done, len(folders) + 1, str(folder.path))
            own = seen.with_validation(folder.settings.data.validation)
            evaluation = protocol.evaluate(folder, own, seed, where)
            results.append(Result(folder.settings.seed, str(folder.path), evaluation))
            done += 1
        entries.append(_entry(name, group[0], results, seed))
    display.advance("comparing", done, len(folders) + 1)
    display.close()
    return Comparison(
        data=images.name,
        protocol=_protocol(seen, seed),
        fd=scores.fd_name(seen),
        real=next(seen.batches("test", protocol.SHOWN)),
        real_numbers=seen.pixels,
        real_histogram=_shares(seen),
        classes=images.classes,
        anchors=floors,
        anchor_images=anchors.images(seen, protocol.SHOWN),
        entries=entries,
    )


def check_out(out: Path) -> None:
    """Say whether a folder can be made and written, before hours are spent.

    Raises:
        InputError: it cannot.
    """
    there = next(place for place in (out, *out.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        why = "not writable" if there.is_dir() else "a file"
        raise InputError(f"--out {out} cannot be made, {there} is {why}; choose another --out")


def _limit(limit: Mapping[str, float], settings: Settings) -> dict[str, Any]:
    """As much as the first configuration had, in this one's terms."""
    if "seconds" in limit:
        return {"train": {"budget": float(limit["seconds"])}}
    return {"train": {"steps": max(1, round(limit["images"] / settings.train.batch_size))}}


def _entry(name: str, folder: runs.Folder, results: list[Result], seed: int) -> Entry:
    model = sampling.load_model(folder.latest())
    start = next(sampling.latents(model, 2 * STRIPS, seed))
    shifts: Sequence[Shift] = folder.settings.perturb
    walks = {
        "perturbation": sampling.perturb(start[:STRIPS], shifts, FRAMES),
        "interpolation": sampling.slerp(start[:STRIPS], start[STRIPS:], FRAMES),
    }

    def decoded(walk: Tensor) -> Tensor:
        return sampling.decode(model, walk.flatten(0, 1)).unflatten(0, walk.shape[:2])

    return Entry(
        name=name,
        results=results,
        records=folder.log(),
        walks={kind: decoded(walk) for kind, walk in walks.items()},
    )


def _protocol(seen: Reference, seed: int) -> dict[str, Any]:
    """How every number of a comparison was made."""
    return {
        "data": seen.images.name,
        "fingerprint": seen.images.fingerprint,
        "split": "test",
        "real_images": seen.count,
        "generated_images": seen.count,
        "few_images": seen.count < protocol.FEW,
        "features": seen.extractor.name,
        "features_hash": seen.extractor.hash,
        "neighbours": scores.NEIGHBOURS,
        "importance_samples": likelihood.SAMPLES,
        "likelihood_images": min(likelihood.IMAGES, seen.count),
        "sampling_seed": seed,
        "snapshots_chosen_on": "validation, where a run has it",
    }


def _shares(seen: Reference) -> list[float]:
    labels = seen.test.labels
    if labels is None:
        return []
    counts = labels.bincount(minlength=len(seen.images.classes)).double()
    return (counts / len(labels)).tolist()


def _plan(
    item: str | Path, layers: Sequence[Mapping[str, Any]]
) -> runs.Folder | tuple[str, str | Path]:
    """A run where there is one of that name, else a configuration, which is read at once so
    that its mistakes are said before anything is trained."""
    if str(item).endswith((".yaml", ".yml")) or f"{item}.yaml" in config.presets():
        config.read(item, layers)
        return session.name_of(item), item
    return runs.open_run(item)


def _latest_of_each() -> list[runs.Folder]:
    newest = runs.latest()
    same_data = [
        folder
        for folder in runs.listed()
        if _fingerprint(folder) == _fingerprint(newest) and folder.checkpoint_paths()
    ]
    latest: dict[str, runs.Folder] = {}
    for folder in same_data:
        latest.setdefault(folder.config_name, folder)
    if not latest:
        raise InputError(f"run {newest.path} has no checkpoint yet; train it further first")
    return list(latest.values())


def _models(folders: Sequence[runs.Folder]) -> dict[str, list[runs.Folder]]:
    """Group runs that differ by their seed alone; named by their configuration, or by their
    folder where that is not distinct."""
    groups: dict[str, list[runs.Folder]] = {}
    for folder in folders:
        plain = {**folder.settings.plain(), "seed": None}
        groups.setdefault(f"{folder.config_name} {plain}", []).append(folder)
    names = [group[0].config_name for group in groups.values()]
    distinct = len(set(names)) == len(names)
    return {
        group[0].config_name if distinct else group[0].path.name: group for group in groups.values()
    }


def _check_same_data(folders: Sequence[runs.Folder]) -> None:
    first = folders[0]
    for other in folders[1:]:
        if _fingerprint(other) != _fingerprint(first):
            raise InputError(
                "the runs were trained on different data, so their numbers cannot be compared: "
                f"{first.path} on {first.environment['data']['name']}, "
                f"{other.path} on {other.environment['data']['name']}; "
                "train both on the same --data"
            )


def _fingerprint(folder: runs.Folder) -> str:
    return folder.environment["data"]["fingerprint"]


def _load(folder: runs.Folder, display: Display) -> Images:
    """All images of a run's data; each run holds out its own share of them."""
    images = session.load(_whole(folder.settings), display)
    if images.fingerprint != _fingerprint(folder):
        raise InputError(
            f"{images.name} holds other images now than {folder.path} was trained on; "
            "restore them or train again"
        )
    return images


def _whole(settings: Settings) -> Data:
    return settings.data.model_copy(update={"validation": 0.0})


def _check_before_training(
    planned: Sequence[tuple[str, Settings]], extractor: str, display: Display
) -> None:
    """Say what would make the comparison fail, before hours are spent."""
    seen: dict[str, Images] = {}  # by what was asked for
    for name, settings in planned:
        asked = repr(_whole(settings))
        if asked in seen:
            continue
        seen[asked] = session.load(_whole(settings), display)
        first_name, first = planned[0][0], next(iter(seen.values()))
        if seen[asked].fingerprint != first.fingerprint:
            raise InputError(
                "the configurations ask for different data, so their numbers could not be "
                f"compared: {first_name} for {first.name}, {name} for {seen[asked].name}; "
                "give all the same --data"
            )
        reference.check(seen[asked])
    if seen:
        features.choose(extractor, next(iter(seen.values())), display.reading)
        display.close()
