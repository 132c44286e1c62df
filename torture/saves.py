"""The cost of a save: seconds, relative to the interval between saves, and bytes."""

import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from genmodels import config, data
from genmodels.data.images import TRAIN
from genmodels.runs import checkpoint
from genmodels.system import device
from genmodels.system.tuning import tune_cpu
from genmodels.training import session

PRESETS = ("report/vae.yaml", "report/gan.yaml")
TIMES = 7


def costs(place: Path) -> Mapping[str, Mapping[str, float]]:
    """Save each of the report's models some times, durably.

    Args:
        place: an empty folder on the disk that is meant.
    """
    images = data.load("glyphs")
    found = {}
    for name in PRESETS:
        settings = config.read(name, [{"train": {"steps": 2}}])
        chosen = device.choose("cpu", "fp32")
        tune_cpu(chosen)
        trainer = session.trainer_of(settings, images, chosen)
        assert images.count(TRAIN) >= settings.train.batch_size
        for _ in trainer.records():
            pass
        path, seconds = place / "step-000000002.safetensors", []
        for _ in range(TIMES):
            began = time.perf_counter()
            tensors, progress = trainer.state()
            checkpoint.save(path, tensors, {"config": settings.plain(), "progress": progress})
            seconds.append(time.perf_counter() - began)
        weights = sum(parameter.nbytes for parameter in trainer.model.parameters())
        found[name] = {
            "seconds": round(median(seconds), 3),
            "share_of_the_interval": round(median(seconds) / settings.train.save_every, 5),
            "mebibytes": round(path.stat().st_size / 2**20, 1),
            "bytes_to_parameters": round(path.stat().st_size / weights, 3),
        }
    return found
