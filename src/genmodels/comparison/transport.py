"""Evaluations as JSON values, bit for bit, for transport between processes."""

import base64
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genmodels.evaluation.judgement import Judgement
from genmodels.evaluation.metrics.scores import Scored
from genmodels.evaluation.protocol import Evaluation
from genmodels.evaluation.utility import Accuracies
from genmodels.evaluation.weights import Point, WeightsChoice


def plain(value: object) -> object:
    """Return a tensor or a dataclass as JSON values; the ``default`` of :func:`json.dumps`.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(value, Tensor):
        array = value.detach().cpu().contiguous().numpy()
        text = base64.b64encode(array.tobytes()).decode()
        return {"dtype": array.dtype.str, "shape": array.shape, "bytes": text}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    raise TypeError(f"a {type(value).__name__} is no JSON value")


def evaluation(given: Mapping[str, Any]) -> Evaluation:
    """Rebuild an evaluation from the JSON values that :func:`plain` made."""
    return Evaluation(**{
        **given,
        "weights": [
            WeightsChoice(**{**choice, "samples": _tensor(choice["samples"])})
            for choice in given["weights"]
        ],
        "curve": [Point(**point) for point in given["curve"]],
        "scored": scored(given["scored"]),
        "influence": _tensors(given["influence"]),
        "suspicious": _tensor(given["suspicious"]),
    })  # fmt: skip


def judgement(given: Mapping[str, Any]) -> Judgement:
    """Rebuild a judgement from the JSON values that :func:`plain` made."""
    return Judgement(given["numbers"], given["undefined"], _tensors(given["influence"]))


def scored(given: Mapping[str, Any]) -> Scored:
    """Rebuild scores from the JSON values that :func:`plain` made."""
    return Scored(**given)


def accuracies(given: Mapping[str, Any]) -> dict[str, Accuracies]:
    """Rebuild the accuracies on each training set from the JSON values that :func:`plain` made."""
    return {
        name: Accuracies(**{**each, "right": _tensor(each["right"])})
        for name, each in given.items()
    }


def _tensors(given: Mapping[str, Any]) -> dict[str, Tensor]:
    return {key: _tensor(values) for key, values in given.items()}


def _tensor(given: Mapping[str, Any]) -> Tensor:
    array = np.frombuffer(base64.b64decode(given["bytes"]), given["dtype"])
    return torch.from_numpy(array.reshape(given["shape"]).copy())
