"""The time from the first step of a training to a quality of its samples."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from genmodels import sampling
from genmodels.console import Display
from genmodels.data.images import Images
from genmodels.errors import NotFinite
from genmodels.evaluation import baselines, protocol, reference, weights
from genmodels.evaluation.features import domain
from genmodels.evaluation.metrics import distances, scores
from genmodels.evaluation.reference import Reference
from genmodels.models.base import Model
from genmodels.training import fitting
from genmodels.training.records import Progress
from genmodels.training.trainer import Trainer

SHORTEST, GROWTH = 2.0, 1.1  # from one measurement to the next: seconds, or a tenth of the time
CHOOSING, CONFIRMING = 0, 1  # sampling seeds


@dataclass(frozen=True)
class Judges:
    """The distances of samples.

    Attributes:
        first: the domain features. Their distance to validation images chooses the moment.
        second: features of a network from another seed. Their distance to test images confirms.
    """

    first: Reference
    second: Reference

    @classmethod
    def of(cls, images: Images, second: Path, display: Display) -> "Judges":
        """Return the judges of a data set with validation images; ``second`` is a file."""
        extractors = (
            domain.extractor(images, display.reading),
            domain.load(second, "second", images),
        )
        pair = (reference.of(images, e, protocol.COUNT, display.reading) for e in extractors)
        return cls(*pair)

    @property
    def count(self) -> int:
        """The number of samples that choose a moment."""
        return weights.curve_count(self.first)

    def unit(self) -> float:
        """Return the first distance of the pixel Gaussian, relative to its second distance.

        Networks of other seeds see a difference on other scales, by factors of two to five. A
        second distance times this number has about the scale of a first one.
        """
        first, second = (
            scores.frechet(judge, judge.extractor(baselines.gaussian_images(judge)))
            for judge in (self.first, self.second)
        )
        return first / second

    def choose(self, model: Model) -> float:
        """Return the distance to the validation images, in the first features."""
        features = self.first.extractor(sampling.sample(model, self.count, CHOOSING))
        target = self.first.selection
        assert target is not None, "there are too few validation images"
        return distances.frechet(target, distances.gaussian(features.values))

    def confirm(self, model: Model) -> dict[str, float]:
        """Return both distances of other samples to the test images."""
        samples = list(sampling.sample(model, self.first.count, CONFIRMING))
        first, second = (scores.frechet(r, r.extractor(samples)) for r in (self.first, self.second))
        return {"test_fd": first, "second_fd": second}


@dataclass(frozen=True)
class Moment:
    """A measurement while training.

    Attributes:
        seconds: of a training that ends here: steps, their compiling, and one fit.
        fit: the seconds of these in which a density was fitted to the codes.
        step: number of steps.
        fd: the distance that chooses.
    """

    seconds: float
    fit: float
    step: int
    fd: float


@dataclass(frozen=True)
class Race:
    """A training that was measured on its way.

    Attributes:
        curve: all measurements.
        passed: threshold → the first moment below it.
        confirmed: threshold → the distances of :meth:`Judges.confirm` at that moment.
        ended: why the training could not go on; empty if it could.
    """

    curve: list[Moment]
    passed: dict[float, Moment]
    confirmed: dict[float, dict[str, float]]
    ended: str = ""


def follow(trainer: Trainer, judges: Judges, thresholds: Sequence[float]) -> Race:
    """Train until all thresholds are passed or the limit is reached.

    While the training is measured its clock stands. The seconds are those of the first moment
    below a threshold, not interpolated, so they are late by a tenth at most, or by two seconds.
    """
    race, due = Race([], {}, {}), SHORTEST
    try:
        for record in trainer.records():
            if not isinstance(record, Progress):
                continue
            if record.seconds < due and not trainer.limit_reached():
                continue
            model, fit = sampled_model(trainer)
            moment = Moment(record.seconds + fit, fit, record.step, judges.choose(model))
            race.curve.append(moment)
            new = [t for t in thresholds if moment.fd < t and t not in race.passed]
            if new:
                race.passed.update(dict.fromkeys(new, moment))
                race.confirmed.update(dict.fromkeys(new, judges.confirm(model)))
            if len(race.passed) == len(thresholds):
                break
            due = max(record.seconds + SHORTEST, record.seconds * GROWTH)
    except NotFinite as error:
        return Race(race.curve, race.passed, race.confirmed, error.what)
    return race


def sampled_model(trainer: Trainer) -> tuple[Model, float]:
    """Return the model as a run that ends now would have it, and the seconds of its last fit.

    It has the EMA weights if there are any. A density is fitted to codes as after the last step;
    training then goes on as if it had not been, because its next step discards the fit.
    """
    before = trainer.seconds
    if fitting.is_pending(trainer):
        fitting.fit(trainer)
    fit, trainer.seconds = trainer.seconds - before, before
    model = copy.deepcopy(trainer.model)
    if trainer.run_step.ema:
        model.load_state_dict(trainer.run_step.ema.state)
    return model.eval(), fit
