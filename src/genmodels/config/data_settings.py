"""The settings of the images: where they are, how they are read, split and augmented.

The comments that begin with ``#:`` are the meanings that the documentation shows.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from genmodels.config.number_types import Count, NonNegative, Share
from genmodels.config.section import Adjustable, Section


def no_equal(value: Any) -> Any:
    """Refuse 1.0 and true, which a ``Literal`` accepts as 1 because they are equal."""
    if isinstance(value, bool | float):
        raise ValueError("give an integer or a word")
    return value


class Augment(Section):
    """Random augmentations of training images; none by default."""

    #: Mirror half of the images left and right.
    flip: bool = False
    #: Shift by up to so many pixels.
    shift: NonNegative = 0
    #: Crop, then resize back: the largest share of a side that is cut off.
    crop: Share = 0.0

    def __str__(self) -> str:
        given = self.model_dump(exclude_defaults=True)
        return ", ".join(f"{name} {value}" for name, value in given.items()) or "none"


class Data(Section):
    """The images, and how they are split."""

    #: A data set's name, or a folder of pictures.
    name: str = "glyphs"
    #: The folder in which named sets lie. Default: ``GENMODELS_DATA``, or the user's cache folder.
    root: Adjustable[str | None] = None
    #: The set to train on where the named one is neither on disk nor can be downloaded.
    offline: str | None = None
    #: The splits of a folder: its ``folders`` named train, validation (or val, valid) and test, or
    #: a ``hash`` of the pixels. ``auto``: folders where all folders with pictures have such names.
    splits: Literal["auto", "folders", "hash"] = "auto"
    #: The share of the training images that is held out for validation.
    validation: Share = 0.1
    #: Height and width to resize to. Default: the size of a named set; for a folder the size
    #: that all its pictures share, if that is 128 at most, else 64.
    image_size: Count | None = None
    #: Channels of the images; ``auto`` is 3 if any picture has colour, else 1.
    channels: Annotated[Literal["auto", 1, 3], BeforeValidator(no_equal)] = "auto"
    #: Pictures that are not square: crop the middle, or pad with black.
    fit: Literal["crop", "pad"] = "crop"
    #: Pictures of a folder that cannot be read: stop with an error, or skip them and say which.
    on_bad: Adjustable[Literal["error", "skip"]] = "error"
    #: Where the images are while training: all on the device (``resident``), or on the disk and
    #: fetched ahead (``mapped``). ``auto``: resident if that takes half of the free memory at most.
    placement: Adjustable[Literal["auto", "resident", "mapped"]] = "auto"
    #: Random changes of the training images.
    augment: Augment = Augment()
