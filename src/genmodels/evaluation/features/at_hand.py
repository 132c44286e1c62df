"""The features at hand: those by which the images of a data set can be compared here."""

from collections.abc import Callable, Mapping

from genmodels.data.images import Images
from genmodels.evaluation.features import inception, natural

ALWAYS = ("domain", "random")
# Features that need something which may be missing → whether they are there and fit the images.
OPTIONAL: Mapping[str, Callable[[Images], bool]] = {
    "natural": natural.is_at_hand,
    "inception": inception.is_at_hand,
}


def at_hand(images: Images) -> tuple[str, ...]:
    """Return the names of all features at hand, first those that choose snapshots.

    Args:
        images: the data set, on which it depends whether features fit.
    """
    return (*ALWAYS, *(name for name, is_there in OPTIONAL.items() if is_there(images)))
