"""``python -m benchmarks.tables``: pictures to tables, and training from tables of any size.

It writes its pictures and tables below a folder, some gigabytes, and leaves nothing there.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks import machine
from benchmarks.turns import ratio
from benchmarks.work import Work, named
from genmodels import data
from genmodels.data.feed import Placement
from genmodels.data.images import Images
from genmodels.system import device
from genmodels.system.tuning import tune_cpu
from genmodels.training.records import Progress
from genmodels.training.trainer import Trainer


def main() -> None:
    """Measure, print and write JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__)
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--gigabytes", type=float, default=8.0, help="of the mapped table")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each turn")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--out", type=Path, default=Path("tables.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as made:
        os.environ["XDG_CACHE_HOME"] = str(Path(made) / "cache")
        found = {
            "hardware": machine.hardware(),
            "command": " ".join(["python -m benchmarks.tables", *sys.argv[1:]]),
            "folder": folder(Path(made), options.pictures, options.rounds),
            "mapped": mapped(Path(made), options.gigabytes, options.rounds, options.seconds),
            "sizes": sizes(options.rounds, options.seconds),
        }
    text = json.dumps(found, indent=1)
    options.out.write_text(text + "\n", encoding="utf-8")
    print(text)


def folder(place: Path, count: int, rounds: int) -> dict[str, Any]:
    """Decode a folder of 256×256 JPEG files on one core and on all in turn, then map its table."""
    pictures = place / "pictures"
    pictures.mkdir()
    generator = np.random.default_rng(0)
    small = generator.integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    for number in range(count):  # smooth, as photographs are
        picture = Image.fromarray(small[number]).resize((256, 256), Image.Resampling.BICUBIC)
        picture.save(pictures / f"{number:06d}.jpg", quality=90)
    turns: dict[str, list[float]] = {"one": [], "all": []}
    for _ in range(rounds):
        for name, cores in (("one", {0}), ("all", None)):
            turns[name].append(count / _first(pictures, cores))
    second = _start(pictures)
    shutil.rmtree(pictures)
    return {
        "pictures": count,
        "pictures_per_second": {name: median(rates) for name, rates in turns.items()},
        "all_cores_to_one": ratio(turns["all"], turns["one"]),
        "first_start_seconds": count / median(turns["all"]),
        "second_start_seconds": second,
        "anonymous_memory_mib": _anonymous(),
    }


def _first(pictures: Path, cores: set[int] | None) -> float:
    """Return the seconds of a start without a table, on the given cores."""
    shutil.rmtree(os.environ["XDG_CACHE_HOME"], ignore_errors=True)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores or before)
    elapsed = _start(pictures)
    os.sched_setaffinity(0, before)
    return elapsed


def _start(pictures: Path) -> float:
    began = time.perf_counter()
    data.load(str(pictures), image_size=64)
    return time.perf_counter() - began


def mapped(place: Path, gigabytes: float, rounds: int, seconds: float) -> dict[str, Any]:
    """Train from a made-up table of 64×64 colour images, mapped and resident in turn."""
    row = 3 * 64 * 64
    count = int(gigabytes * 1e9 / row)
    path = place / "table.npy"
    table = np.lib.format.open_memmap(path, "w+", np.uint8, (count, 3, 64, 64))
    generator = np.random.default_rng(0)
    for start in range(0, count, 8192):
        size = min(8192, count - start)
        table[start : start + size] = generator.integers(0, 256, (size, 3, 64, 64), np.uint8)
    table.flush()
    del table
    work = named("conv-vae-64", "glyphs")
    images = _of_table(torch.from_numpy(np.load(path, mmap_mode="c")), mapped=True)
    few = _of_table(images.table[:8192].clone())
    loops = {"mapped": _loop(work, images, "mapped"), "resident": _loop(work, few, "resident")}
    turns = _turns(loops, rounds, seconds)
    path.unlink()
    return {
        "gigabytes": gigabytes,
        "images": count,
        "images_per_second": {name: median(rates) for name, rates in turns.items()},
        "mapped_to_resident": ratio(turns["mapped"], turns["resident"]),
        "anonymous_memory_mib": _anonymous(),
    }


def sizes(rounds: int, seconds: float) -> dict[str, Any]:
    """Train the report's VAE from tables of a thousand to a million grey images in turn."""
    work = named("vae-128", "glyphs")
    generator = torch.Generator().manual_seed(0)
    whole = torch.randint(256, (1_000_000, 1, 28, 28), dtype=torch.uint8, generator=generator)
    loops = {
        f"{count:,}": _loop(work, _of_table(whole[:count]), "resident")
        for count in (1_000, 10_000, 100_000, 1_000_000)
    }
    turns = _turns(loops, rounds, seconds)
    first = next(iter(turns.values()))
    return {
        name: {"images_per_second": median(rates), "to_the_smallest": ratio(rates, first)}
        for name, rates in turns.items()
    }


def _of_table(table: torch.Tensor, mapped: bool = False) -> Images:
    rows = torch.arange(len(table))
    splits = {"train": rows, "validation": rows[:0], "test": rows[:0]}
    return Images("made up", table, splits, mapped=mapped)


def _loop(work: Work, images: Images, placement: Placement) -> Iterator[int]:
    chosen = device.choose("cpu", "fp32")
    tune_cpu(chosen)
    work = replace(work, images=images)
    trainer = Trainer(work.model(), images, work.settings.train, 0, chosen, placement)
    done = 0
    for record in trainer.records():
        if isinstance(record, Progress):
            yield record.images - done
            done = record.images


def _turns(
    loops: dict[str, Iterator[int]], rounds: int, seconds: float
) -> dict[str, Sequence[float]]:
    turns: dict[str, list[float]] = {name: [] for name in loops}
    for loop in loops.values():
        _rate(loop.__next__, seconds / 2)
    for _ in range(rounds):
        for name, loop in loops.items():
            turns[name].append(_rate(loop.__next__, seconds))
    return dict(turns)


def _rate(step: Callable[[], int], seconds: float) -> float:
    images, began = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds:
        images += step()
    return images / elapsed


def _anonymous() -> float | None:
    """MiB of memory that is no file's, now; None where the system does not tell."""
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return None


if __name__ == "__main__":
    main()
