"""The features that can be chosen by name.

New features are one file in this folder, and one row of :data:`KINDS`.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from genmodels.data.images import Images, ReportProgress
from genmodels.errors import InputError, nearest
from genmodels.evaluation.features import domain, inception, natural, untrained
from genmodels.evaluation.features.extractor import Extractor

AUTO = "auto"  # all features at hand, where a comparison takes several


def _always(images: Images) -> bool:
    """Return True: the features need nothing that may be missing."""
    return True


def _nothing(images: Images) -> str:
    """Return an empty announcement: the features take seconds at most."""
    return ""


@dataclass(frozen=True)
class FeatureKind:
    """Features that can be chosen by name.

    Attributes:
        name: of the features.
        make: called with the data set and a :data:`ReportProgress`; returns the extractor. It
            raises an :class:`InputError` if what the features need is missing.
        is_at_hand: whether what the features need is here, and they fit the images of a data set.
        announcement: what a user should know before the features of a data set are made; empty
            if nothing.
    """

    name: str
    make: Callable[[Images, ReportProgress], Extractor]
    is_at_hand: Callable[[Images], bool] = _always
    announcement: Callable[[Images], str] = _nothing


# In the order of the judges of a comparison, of which the first one chooses snapshots.
KINDS = (
    FeatureKind(domain.NAME, domain.extractor, announcement=domain.announcement),
    FeatureKind("random", untrained.extractor),
    FeatureKind("natural", natural.extractor, natural.is_at_hand),
    FeatureKind("inception", inception.extractor, inception.is_at_hand),
)
NAMES = tuple(kind.name for kind in KINDS)


def at_hand(images: Images) -> list[str]:
    """Return the names of all features at hand, first those that choose snapshots.

    Args:
        images: the data set, on which it depends whether features fit.
    """
    return [kind.name for kind in KINDS if kind.is_at_hand(images)]


def choose(name: str) -> FeatureKind:
    """Return the features of a name.

    Args:
        name: one of :data:`NAMES`, or the path of a file that :func:`domain.save` wrote.

    Raises:
        InputError: there are no such features.
    """
    if name in NAMES:
        return KINDS[NAMES.index(name)]
    path = Path(name)
    if not os.path.isfile(path):  # false for impossible paths too
        accepted = [AUTO, *NAMES]
        raise InputError(
            f"unknown `features` {name!r}{nearest(name, accepted)}; use {', '.join(accepted)}, or "
            "a file of features that compare has trained"
        )
    return FeatureKind(path.stem, lambda images, progress: domain.load(path, path.stem, images))
