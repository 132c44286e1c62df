"""The interface of a source of named data sets."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from genmodels.data.decoding import Channels, Fit
from genmodels.data.images import Images, ReportProgress

Whereabouts = Literal["embedded", "on disk", "downloadable"]


@dataclass(frozen=True, repr=False)
class Listed:
    """The description of a named data set, as ``genmodels datasets`` prints it.

    Attributes:
        name: the value of ``data``.
        image_shape: (C, H, W).
        train, test: number of images in each split.
        classes: number of classes; 0 without labels.
        place: where the set is.
        note: the place in words.
    """

    name: str
    image_shape: tuple[int, int, int]
    train: int
    test: int
    classes: int
    place: Whereabouts
    note: str

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.image_shape))
        return (
            f"<Listed {self.name}: {shape}, {self.train:,} train, {self.test:,} test, {self.place}>"
        )


class Source(Protocol):
    """A module of this package that describes and loads one or more named data sets."""

    def names(self) -> Sequence[str]:
        """List the names of the sets."""
        ...

    def describe(self, name: str, root: Path) -> Listed:
        """Describe a set and its place without opening it."""
        ...

    def load(
        self,
        name: str,
        root: Path,
        image_size: int | None,
        channels: Channels,
        fit: Fit,
        progress: ReportProgress,
    ) -> Images:
        """Load a set in the given size and number of channels.

        The arguments are those of :func:`genmodels.data.load`.
        """
        ...
