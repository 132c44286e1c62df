"""The judges of a comparison: the features by which all models are compared."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass

from genmodels.console import Display
from genmodels.data.images import Images
from genmodels.errors import InputError, Interrupted
from genmodels.evaluation.features import catalogue
from genmodels.evaluation.features.extractor import Extractor
from genmodels.evaluation.metrics import scores, table
from genmodels.evaluation.reference import Reference


@dataclass(frozen=True)
class Judge:
    """Features by which models are compared.

    Attributes:
        name: of the features.
        hash: of their weights.
        fd: the key of its FD (Fréchet distance) among the numbers.
        chose: whether snapshots were chosen by it, on validation images: so it is the first judge,
            and alone calls no model better.
    """

    name: str
    hash: str
    fd: str
    chose: bool = False

    def key(self, number: str) -> str:
        """Return the key of a number by this judge; those of the first have no name in it."""
        return number if self.chose else table.key_by(number, self.name)


def of(references: Sequence[Reference]) -> list[Judge]:
    """Return the judges of references to the same images, of which the first one chose."""
    return [
        Judge(each.extractor.name, each.extractor.hash, scores.fd_name(each), each is references[0])
        for each in references
    ]


def extractors(names: Sequence[str], images: Images, display: Display) -> list[Extractor]:
    """Return the features of all judges, the first judge's first.

    Args:
        names: of features, or of their files; ``auto`` for all that are at hand.
        images: the data set.
        display: shows the progress.

    Raises:
        InputError: there are no such features, they do not fit the images, or several have one
            name.
        Interrupted: a signal came while a network was trained, which is not kept.
    """
    at_hand = catalogue.at_hand(images)
    wanted = [each for name in names for each in (at_hand if name == catalogue.AUTO else [name])]
    found: dict[str, Extractor] = {}
    for name in dict.fromkeys(wanted):
        made = _extractor(name, images, display)
        if made.name in found:
            raise InputError(f"two `features` are called {made.name}; leave one out, or rename it")
        found[made.name] = made
    return list(found.values())


def _extractor(name: str, images: Images, display: Display) -> Extractor:
    """Return the features of a name, after their announcement."""
    kind = catalogue.choose(name)
    if announcement := kind.announcement(images):
        display.say(announcement)
    try:
        return kind.make(images, display.reading)
    except KeyboardInterrupt as error:
        display.close()
        stopped = f"stopped before the features of {images.name} were trained"
        code = error.code if isinstance(error, Interrupted) else 128 + signal.SIGINT
        raise Interrupted(stopped, code) from None
