"""What a comparison holds: plain values, drawn by the rest of this package."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class Entry:
    """One model of a comparison.

    Attributes:
        name: its column's heading.
        run: the run's folder.
        numbers: row → value; None where it is not defined for this model.
        records: the log of its training.
        samples: (N, C, H, W), from the same seed for every model.
        strips: (R, frames, C, H, W), its perturbation test.
        protocol: how the numbers were made, where it can differ between models.
    """

    name: str
    run: str
    numbers: Mapping[str, float | None]
    records: Sequence[Mapping[str, Any]]
    samples: Tensor
    strips: Tensor
    protocol: Mapping[str, Any]


@dataclass(frozen=True)
class Comparison:
    """Several models on the same data.

    Attributes:
        data: the name of the data.
        protocol: how the numbers were made, the same for every model.
        real: (N, C, H, W), real images of the test split.
        real_numbers: row → value of the real images.
        entries: one for each model.
    """

    data: str
    protocol: Mapping[str, Any]
    real: Tensor
    real_numbers: Mapping[str, float]
    entries: Sequence[Entry]

    def rows(self) -> list[str]:
        """The names of all numbers, in the order they first appear."""
        return list(dict.fromkeys(row for entry in self.entries for row in entry.numbers))

    def plain(self) -> dict[str, Any]:
        """Ready for JSON: numbers, protocols and runs, without pictures."""
        return {
            "data": self.data,
            "protocol": dict(self.protocol),
            "real": dict(self.real_numbers),
            "models": [
                {
                    "name": entry.name,
                    "run": entry.run,
                    "protocol": dict(entry.protocol),
                    "numbers": dict(entry.numbers),
                }
                for entry in self.entries
            ],
        }
