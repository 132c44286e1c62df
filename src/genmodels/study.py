"""Several models under one protocol: train what is missing, measure all alike."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from genmodels import checkpoint, config, data, runs, sampling, session
from genmodels import device as devices
from genmodels.data.images import TEST, Images
from genmodels.errors import InputError
from genmodels.evaluation import metrics
from genmodels.models.base import Model
from genmodels.report import figures
from genmodels.report.comparison import Comparison, Entry
from genmodels.report.terminal import Display
from genmodels.settings import Settings, Shift

COUNT = 10_000  # images that are measured, real and generated; Lucic et al. (2018)
SHOWN = 64
STRIPS = 4
FRAMES = 21  # of the report's perturbation test


def subjects(
    given: Sequence[str | Path | runs.Folder], layer: Mapping[str, Any], display: Display
) -> list[runs.Folder]:
    """Turn runs and configurations into runs; configurations are trained.

    Raises:
        InputError: there is nothing to compare, or nothing of a given name.
    """
    if not given:
        return _latest_of_each()
    planned = [item if isinstance(item, runs.Folder) else _plan(item, layer) for item in given]
    return [
        item
        if isinstance(item, runs.Folder)
        else session.train(item[1], item[0], None, False, display)
        for item in planned
    ]


def compare(folders: Sequence[runs.Folder], seed: int, display: Display) -> Comparison:
    """Measure runs on the test split of their data.

    Raises:
        InputError: different data, no test split, or a run without a checkpoint.
    """
    _check_same_data(folders)
    saved = [folder.latest() for folder in folders]
    images = _load(folders[0])
    count = min(COUNT, images.count(TEST))
    if count == 0:
        raise InputError(f"{images.name} has no test images to compare with; add more pictures")
    real = images.batch(images.splits[TEST][:count]).images
    real_numbers = {
        "sharpness": metrics.sharpness(real),
        "isolated dots per image": metrics.isolated_dots(real),
    }
    names, device = _headings(folders), devices.choose().device
    entries = []
    for index, (folder, file, name) in enumerate(zip(folders, saved, names, strict=True)):
        display.advance("comparing", index, len(folders), name)
        entries.append(_measure(folder, file, name, count, seed, real_numbers, device))
    display.advance("comparing", len(folders), len(folders))
    display.close()
    protocol = {
        "data": images.name,
        "fingerprint": images.fingerprint,
        "split": TEST,
        "real_images": count,
        "generated_images": count,
        "seed": seed,
    }
    return Comparison(images.name, protocol, real[:SHOWN], real_numbers, entries)


def check_out(out: Path) -> None:
    """Say whether a folder can be made and written, before hours are spent.

    Raises:
        InputError: it cannot.
    """
    there = next(place for place in (out, *out.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        why = "not writable" if there.is_dir() else "a file"
        raise InputError(f"--out {out} cannot be made, {there} is {why}; choose another --out")


def save(comparison: Comparison, out: Path) -> None:
    """Write ``comparison.png`` and ``report.json`` into a folder.

    Raises:
        InputError: it cannot be written.
    """
    check_out(out)
    figures.save_comparison(comparison, out / "comparison.png")
    checkpoint.write(out / "report.json", json.dumps(comparison.plain(), indent=1).encode())


def _measure(
    folder: runs.Folder,
    file: checkpoint.Checkpoint,
    name: str,
    count: int,
    seed: int,
    real: Mapping[str, float],
    device: torch.device,
) -> Entry:
    model = sampling.load_model(file, device=device)
    generated = torch.cat(list(sampling.sample(model, count, seed)))
    records = folder.log()
    progress = file.header["progress"]
    numbers: dict[str, float | None] = {
        "parameters that sample": _parameters(model.sampling_module()),
        "parameters that train": _parameters(model),
        "training images": progress["images"],
        "training seconds": progress["seconds"],
        "training images/s": progress["images"] / progress["seconds"],
        "sharpness": metrics.sharpness(generated),
        "sharpness, relative": _ratio(metrics.sharpness(generated), real["sharpness"]),
        "isolated dots per image": metrics.isolated_dots(generated),
        "isolated dots, relative": _ratio(
            metrics.isolated_dots(generated), real["isolated dots per image"]
        ),
    }
    # The log measures the last weights on the test split: likelihood terms where they exist.
    last = records[-1] if records else {}
    numbers |= {key: value for key, value in last.items() if key.startswith(f"{TEST}.")}
    weights = "average" if file.part("average.") else "last"
    return Entry(
        name=name,
        run=str(folder.path),
        numbers=numbers,
        records=records,
        samples=generated[:SHOWN],
        strips=_strips(model, folder.settings.perturb, seed),
        protocol={"weights": weights, "step": progress["step"]},
    )


def _strips(model: Model, shifts: Sequence[Shift], seed: int) -> Tensor:
    start = next(sampling.latents(model, STRIPS, seed))
    walk = sampling.perturb(start, shifts, FRAMES)
    return sampling.decode(model, walk.flatten(0, 1)).unflatten(0, walk.shape[:2])


def _plan(item: str | Path, layer: Mapping[str, Any]) -> runs.Folder | tuple[str, Settings]:
    """A run where there is one of that name, else a configuration to train."""
    if str(item).endswith((".yaml", ".yml")) or f"{item}.yaml" in config.presets():
        return session.name_of(item), config.read(item, [layer])
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


def _headings(folders: Sequence[runs.Folder]) -> list[str]:
    """The configurations' names, or the folders' where those are not distinct."""
    names = [folder.config_name for folder in folders]
    return names if len(set(names)) == len(names) else [folder.path.name for folder in folders]


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


def _load(folder: runs.Folder) -> Images:
    chosen = folder.settings.data
    images = data.load(
        chosen.name,
        root=Path(chosen.root) if chosen.root else None,
        image_size=chosen.image_size,
        channels=chosen.channels,
        fit=chosen.fit,
    )
    if images.fingerprint != _fingerprint(folder):
        raise InputError(
            f"{images.name} holds other images now than {folder.path} was trained on; "
            "restore them or train again"
        )
    return images


def _parameters(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _ratio(value: float, reference: float) -> float | None:
    return value / reference if reference else None
