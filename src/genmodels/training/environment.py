"""What a run records about its start."""

import platform
import sys
from collections.abc import Sequence

import torch

from genmodels.data.images import Images
from genmodels.runs.manifest import Environment
from genmodels.system.device import Device
from genmodels.system.provenance import now, versions


def of(name: str, device: Device, reasons: Sequence[str], images: Images, jobs: int) -> Environment:
    """Return the content of ``environment.json``.

    Args:
        name: of the configuration.
        device: where the model is trained.
        reasons: why it is trained there and so.
        images: what it is trained on.
        jobs: how many trainings of a study run at a time, this one included.
    """
    return {
        "config": name,
        "started": now().isoformat(),
        "command": sys.argv,
        "versions": versions(),
        "platform": platform.platform(),
        "device": device.device.type,
        "precision": device.precision,
        "threads": torch.get_num_threads(),
        "jobs": jobs,
        "reasons": list(reasons),
        "data": {
            "name": images.name,
            "fingerprint": images.fingerprint,
            "image_shape": list(images.image_shape),
            "classes": list(images.classes),
            "counts": {split: images.count(split) for split in images.splits},
            "notes": list(images.notes),
        },
    }
