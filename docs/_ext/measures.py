"""The numbers of a comparison and the formats of results as Markdown, from their tables."""

from collections.abc import Iterable, Sequence
from typing import Any

from genmodels import api
from genmodels.api.formats import FORMATS
from genmodels.evaluation.baselines import MEANINGS
from genmodels.evaluation.metrics.image_metrics import IMAGE_METRICS
from genmodels.evaluation.metrics.model_metrics import MODEL_METRICS, TRAINING_METRICS
from genmodels.evaluation.metrics.scores import SAMPLE_METRICS
from genmodels.evaluation.metrics.table import (
    FD,
    LOGGED_METRICS,
    PROTOCOL_METRICS,
    further_metrics,
)
from genmodels.models.base import ABILITIES

GROUPS = {
    "Samples": (FD, *SAMPLE_METRICS, *further_metrics(FD.key, "*")[1:], *IMAGE_METRICS),
    "The model": MODEL_METRICS,
    "Its training": TRAINING_METRICS,
    "Other weights, binary pixels, speed and memory": PROTOCOL_METRICS,
    "Test images during training": LOGGED_METRICS,
}


def metrics() -> str:
    """Return a table of each group of numbers."""
    return "\n\n".join(f"## {title}\n\n{_metrics(rows)}" for title, rows in GROUPS.items())


def _metrics(rows: Iterable[Any]) -> str:
    abilities = {ability.protocol: ability.name for ability in ABILITIES}
    cells: dict[str, list[str]] = {}
    for metric in rows:
        able = abilities.get(metric.applies_to)
        meaning = f"{metric.meaning}. Models with the ability *{able}*." if able else metric.meaning
        name = f"{metric.label}<br>`{metric.key}`"
        if meaning in cells:  # precision and recall share a sentence
            cells[meaning][0] += f"<br>{name}"
        else:
            cells[meaning] = [name, metric.better or "—", meaning]
    return _table(["number", "better", "what it is"], list(cells.values()))


def baselines() -> str:
    """Return a table of the baselines."""
    rows = [[f"`{name}`", meaning] for name, meaning in MEANINGS.items()]
    return _table(["baseline", "images"], rows)


def formats() -> str:
    """Return a table of the files that images are written to."""
    rows = [
        [f"`{each.extension}`" if each.extension else "none", each.description, each.kind]
        for each in FORMATS
    ]
    return _table(["extension", "what is written", "of"], rows)


def datasets() -> str:
    """Return a table of the named data sets."""
    rows = []
    for each in api.datasets():
        size = "x".join(map(str, each.image_shape))
        rows.append(
            [f"`{each.name}`", size, f"{each.train:,}", f"{each.test:,}", str(each.classes or "—")]
        )
    return _table(["name", "image", "train", "test", "classes"], rows)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
