"""The features at hand: those by which the images of a data set can be compared here."""

from genmodels.data.images import Images


def at_hand(images: Images) -> tuple[str, ...]:
    """Return the names of all features at hand, first those that choose snapshots.

    Args:
        images: the data set, on which it depends whether features fit.
    """
    return ("domain", "random")
