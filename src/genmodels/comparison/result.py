"""The result of a comparison: its numbers and images, and tables made of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TypedDict

from torch import Tensor

from genmodels.comparison import pairs
from genmodels.comparison.cells import interval, number
from genmodels.comparison.entry import Entry
from genmodels.comparison.judges import Judge
from genmodels.comparison.pairs import PairTest
from genmodels.comparison.usefulness import Utility
from genmodels.evaluation.metrics.scores import Scored
from genmodels.evaluation.metrics.table import PROMINENT, label


class ProtocolSettings(TypedDict):
    """The settings of an evaluation, the same for every model; ``report.json`` has them too.

    Attributes:
        data: the name of the data.
        fingerprint: of its images.
        split: the split of the real images.
        real_images, generated_images: how many on each side.
        few_images: whether they are so few that FD is biased.
        features, features_hash: the name and the hash of the first judge's features.
        neighbours: of precision, recall, density and coverage.
        importance_samples, likelihood_images: of the likelihood.
        sampling_seed: the seed of the samples.
        snapshot_images: the number of samples of each snapshot.
        copy_images: how many samples, and how many test images, are searched for copies.
        snapshot_copy_images: how many samples of each snapshot are.
        snapshots_chosen_on: the split that the best snapshot is chosen on.
    """

    data: str
    fingerprint: str
    split: str
    real_images: int
    generated_images: int
    few_images: bool
    features: str
    features_hash: str
    neighbours: int
    importance_samples: int
    likelihood_images: int
    sampling_seed: int
    snapshot_images: int
    copy_images: int
    snapshot_copy_images: int
    snapshots_chosen_on: str


@dataclass(frozen=True, repr=False)
class Comparison:
    """Several models on the same data.

    Attributes:
        data: the name of the data.
        protocol: the settings of the evaluation, the same for every model.
        judges: the features that all are compared by; those of the first give all numbers.
        real: (64, C, H, W), real images of the test split.
        real_numbers: sharpness and isolated dots of the real images.
        real_histogram: the share of test images of each class; empty without classes.
        classes: names of the classes.
        baselines: name → scores of the floor, the copied training set and simple baselines.
        baseline_images: name → (64, C, H, W).
        entries: one for each model.
        jobs: how many evaluations ran at a time.
        claims: the name of a set of claims to decide, such as ``report``; None for none.
        limit: says that fewer images are given than there are test images; empty if there are
            enough, or none are given.
        utility: what classifiers say of the samples; None if that was not asked for.
    """

    data: str
    protocol: ProtocolSettings
    judges: Sequence[Judge]
    real: Tensor
    real_numbers: Mapping[str, float]
    real_histogram: Sequence[float]
    classes: Sequence[str]
    baselines: Mapping[str, Scored]
    baseline_images: Mapping[str, Tensor]
    entries: Sequence[Entry]
    jobs: int = 1
    limit: str = ""
    claims: str | None = None
    utility: Utility | None = None

    @property
    def fd(self) -> str:
        """The key of the first judge's FD (Fréchet distance) among the numbers."""
        return self.judges[0].fd

    @cached_property
    def pairs(self) -> list[PairTest]:
        """Every pair of models, with p-values corrected over all pairs and judges."""
        return pairs.of(self.ranked(), self.judges)

    @property
    def trained(self) -> list[Entry]:
        """The models, without images that are given without one."""
        return [entry for entry in self.entries if not entry.given]

    @property
    def missing(self) -> str:
        """Of which models only images are given, in one sentence; empty if there are none."""
        names = [entry.name for entry in self.entries if entry.given]
        if not names:
            return ""
        whose = "their" if len(names) > 1 else "its"
        return (
            f"{', '.join(names)}: only {whose} images are given, so there are no numbers of a "
            "model (likelihood, reconstructions, discriminator) and none of its training."
        )

    def ranked(self, fd: str | None = None) -> list[Entry]:
        """Return models and given images, lowest FD first, and last those without one.

        Args:
            fd: the key of the FD; None for that of the first judge.
        """

        def distance(entry: Entry) -> float:
            found = entry.mean(fd or self.fd)
            return math.inf if found is None else found

        return sorted(self.entries, key=distance)

    def rows(self) -> list[str]:
        """Return the keys of all numbers, in the order of their first appearance."""
        names = [n for e in self.entries for r in e.results for n in r.evaluation.numbers]
        return list(dict.fromkeys(names))

    def headings(self) -> list[str]:
        """Return the columns of :meth:`table` after the first: models, then baselines."""
        return [*(entry.name for entry in self.entries), *self.baselines]

    def main_rows(self) -> list[str]:
        """Return the keys of the numbers that decide: the first judge's FD, then prominent ones."""
        rows = self.rows()
        return [self.fd, *(name for name in PROMINENT if name in rows and name != self.fd)]

    def table(self, rows: Sequence[str] | None = None) -> list[list[str]]:
        """Return a row for each number: its label, then a cell for each of :meth:`headings`.

        Args:
            rows: the keys of the numbers; by default those of :meth:`rows`.
        """
        return [
            [
                label(row),
                *(interval(entry.estimate(row)) for entry in self.entries),
                *(number(scored.numbers.get(row)) for scored in self.baselines.values()),
            ]
            for row in (self.rows() if rows is None else rows)
        ]

    def __repr__(self) -> str:
        scores = ", ".join(f"{e.name} {interval(e.estimate(self.fd))}" for e in self.ranked())
        return f"<Comparison on {self.data}, {label(self.fd)}: {scores}>"

    def _repr_html_(self) -> str:
        """Return the table as HTML, for notebooks."""
        head = "".join(f"<th>{escape(heading)}</th>" for heading in ("", *self.headings()))
        rows = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in self.table())
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        title = escape(f"{self.data}: {self.protocol['real_images']:,} images on each side")
        return (
            f"<table><caption>{title}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>"
        )

    def measured_rows(self) -> list[str]:
        """Return the keys of all measured rates, times and memory sizes."""
        names = [n for e in self.entries for r in e.results for n in r.evaluation.measured]
        return list(dict.fromkeys(names))
