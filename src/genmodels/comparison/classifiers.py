"""The classifiers of a comparison, which say how useful samples are: trained in turn, or read."""

import time
from collections.abc import Sequence

import torch

from genmodels.comparison.kept import FOLDER, Kept, SetAccuracies, Subject
from genmodels.comparison.request import Request
from genmodels.console import Display
from genmodels.data.given import GivenImages
from genmodels.data.images import Images
from genmodels.errors import duration
from genmodels.evaluation import utility
from genmodels.evaluation.reference import Reference
from genmodels.evaluation.utility import Accuracies, TrainingSet
from genmodels.system import cache

SETS = 2  # for the real images, and as many for each subject
WHAT = "training classifiers"


def run(
    request: Request, reference: Reference, subjects: Sequence[Subject], display: Display
) -> tuple[SetAccuracies, list[SetAccuracies | None]]:
    """Train classifiers and test them; those of an earlier comparison are read from the cache.

    Args:
        request: what is the same for all.
        reference: the real images, which have labels.
        subjects: runs and given images.
        display: shows the progress.

    Returns:
        The accuracies with real images alone, and those with the samples of each subject; None
        for samples without labels. If none has labels, nothing is trained.
    """
    images, wanted = reference.images, utility.count(reference.images)
    chosen: list[Subject] = [
        each.chosen(wanted) if isinstance(each, GivenImages) else each for each in subjects
    ]
    labelled = [subject for subject in chosen if utility.is_labelled(subject)]
    every: list[Subject | None] = [None, *labelled] if labelled else []
    known = {each: _kept(request, images, each).find_accuracies(each) for each in every}
    missing = [each for each, found in known.items() if found is None]
    classifiers = SETS * utility.SEEDS * len(every)
    new = SETS * utility.SEEDS * len(missing)
    if new < classifiers:
        display.say(
            f"{classifiers - new} of {classifiers} classifiers were trained before, with the same "
            f"settings: read from {cache.path(FOLDER)}"
        )
    trainer = _Trainer(display, new)
    made = {
        each: found or _make(request, reference, each, trainer) for each, found in known.items()
    }
    display.close()
    return made.get(None, {}), [made.get(each) for each in chosen]


class _Trainer:
    """Trains classifiers, shows how far they are, and says early how long all will take.

    Args:
        display: where.
        classifiers: the number of all.
    """

    def __init__(self, display: Display, classifiers: int):
        self.display, self.classifiers = display, classifiers
        self.done = 0  # steps of the sets that are done
        self.said = False

    def train(self, data: TrainingSet, images: Images) -> Accuracies:
        """Train and test the classifiers of a set."""
        began = time.monotonic()

        def advance(steps: int) -> None:
            if not self.said:
                self.said = True
                self._say((time.monotonic() - began) / steps)
            total = self.classifiers * utility.STEPS
            self.display.reading(WHAT, self.done + steps, total)

        found = utility.accuracies(data, images, advance)
        self.done += utility.SEEDS * utility.STEPS
        return found

    def _say(self, seconds: float) -> None:
        """Say how long all classifiers will take, by the seconds of one step."""
        total = duration(seconds * utility.STEPS * self.classifiers)
        self.display.say(
            f"`utility`: {self.classifiers} classifiers are trained, {utility.STEPS:,} steps each: "
            f"about {total}"
        )


def _make(
    request: Request, reference: Reference, subject: Subject | None, trainer: _Trainer
) -> SetAccuracies:
    """Train the classifiers of a subject, or of the real images alone, and keep what they do."""
    images = reference.images
    kept = _kept(request, images, subject)
    place = kept.place(subject)
    if subject is None:
        sets = utility.of_real(images)
    else:
        samples = _samples(request, reference, subject, trainer.display)
        sets = utility.of_samples(images, samples)
    made = {name: trainer.train(data, images) for name, data in sets.items()}
    kept.keep(subject, made, place)
    return made


def _samples(request: Request, reference: Reference, subject: Subject, display: Display) -> Images:
    """Return given images, or draw samples of a run."""
    if isinstance(subject, GivenImages):
        return utility.given(subject, reference.images)
    what = f"drawing samples of {subject.path}"

    def progress(done: int, total: int) -> None:
        display.reading(what, done, total)

    device = torch.device(request.device)
    found = utility.draw(subject, reference, request.seed, device, progress)
    display.drop(what)
    return found


def _kept(request: Request, images: Images, subject: Subject | None) -> Kept:
    """Return what is kept of classifiers with these settings; samples depend on more of them."""
    common: dict[str, object] = {
        "classifiers": [utility.STEPS, utility.SEEDS],
        "data": images.fingerprint,
        "threads": torch.get_num_threads(),
    }
    if subject is not None:
        common |= {"seed": request.seed, "device": request.device}
    return Kept(common)
