"""Whether models copy training images: shares of copies beside those of held-out images."""

from dataclasses import dataclass

from genmodels.comparison import statistics
from genmodels.comparison.cells import number
from genmodels.comparison.entry import Entry
from genmodels.comparison.result import Comparison
from genmodels.evaluation.weights import Point


@dataclass(frozen=True)
class Share:
    """A share of images and its interval, from 0 to 1."""

    share: float
    low: float
    high: float

    def __str__(self) -> str:
        low, high = (number(float(f"{100 * end:.2g}")) for end in (self.low, self.high))
        return f"{number(float(f'{100 * self.share:.3g}'))} % ({low} – {high} %)"


@dataclass(frozen=True)
class CopyVerdict:
    """Whether a model copies, or given images are copies.

    Attributes:
        model: its name.
        samples: the share of its samples, of all seeds together, that are taken for copies.
        held_out: the share of held-out images that are taken for copies.
        copying: whether the intervals say that there are more copies among the samples.
        began: the step of the first snapshot that copies; None if none does.
        sentence: all this in words, with what to do.
    """

    model: str
    samples: Share
    held_out: Share
    copying: bool
    began: int | None
    sentence: str


def of(comparison: Comparison) -> list[CopyVerdict]:
    """Return what is known of each model; nothing of those whose copies were not counted."""
    found = (_verdict(entry, comparison) for entry in comparison.entries)
    return [verdict for verdict in found if verdict]


def _verdict(entry: Entry, comparison: Comparison) -> CopyVerdict | None:
    share, beside = entry.mean("copied"), entry.mean("copied_held_out")
    if share is None or beside is None:
        return None
    count = comparison.protocol["copy_images"]
    samples = _share(share, count * len(entry.results))
    held_out = _share(beside, count)
    copying = samples.low > held_out.high
    few = comparison.protocol["snapshot_copy_images"]
    began = _began(entry, held_out, few) if copying else None
    found = _todo(entry, began) if copying else _no_sign(share, beside)
    sentence = (
        f"{samples} of samples and {held_out} of held-out images are taken for copies: {found}."
    )
    return CopyVerdict(entry.name, samples, held_out, copying, began, sentence)


def _share(share: float, count: int) -> Share:
    return Share(share, *statistics.wilson(share, count))


def _began(entry: Entry, held_out: Share, count: int) -> int | None:
    """Return the first step whose snapshot, and every later one, has more copies."""
    began: Point | None = None
    for point in reversed(entry.first.curve):
        if point.copied is None or statistics.wilson(point.copied, count)[0] <= held_out.high:
            break
        began = point
    return began.step if began else None


def _no_sign(share: float, beside: float) -> str:
    """Say why a share of samples beside that of held-out images is no sign of copying."""
    more = "the difference is within the intervals"
    why = more if share > beside else "no more than among held-out images"
    return f"{why}, so there is no sign of copying"


def _todo(entry: Entry, began: int | None) -> str:
    if entry.given:
        return "some of the samples are copies"
    stop = f"stop before step {began:,}, where it began" if began else "train for fewer steps"
    return f"it copies; {stop}, add images, or train a smaller model"
