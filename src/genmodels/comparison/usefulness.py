"""How useful samples are to a classifier: tests, sentences and a table of accuracies.

The classifiers are trained by :mod:`genmodels.comparison.classifiers`.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean

import torch
from torch import Tensor

from genmodels.comparison import statistics
from genmodels.comparison.kept import SetAccuracies
from genmodels.comparison.statistics import CONFIDENCE, LEVEL, Estimate
from genmodels.evaluation import utility
from genmodels.evaluation.utility import AUGMENTED, BOTH, REAL, SAMPLES, Accuracies

HEADINGS = ("trained on", "images", "accuracy", "less that of real images")


@dataclass(frozen=True)
class Gain:
    """How much larger the accuracy is than with real images alone.

    Attributes:
        size: from −1 to 1.
        low, high: its interval, over seeds and test images.
        p_value: of the test that it is 0, corrected for the number of tests; None where samples
            take the place of the real images, so that nothing is gained.
    """

    size: float
    low: float
    high: float
    p_value: float | None = None


@dataclass(frozen=True)
class TrainedOn:
    """The accuracy, on real test images, of classifiers that were trained on one set.

    Attributes:
        kind: of the set: ``real``, ``augmented``, ``samples`` or ``both``.
        model: whose samples are in it; empty for real images alone.
        images: how many it has.
        accuracy: from 0 to 1; of several runs of a model each value is the mean of its classifiers.
        gain: beside real images alone, which have none.
    """

    kind: str
    model: str
    images: int
    accuracy: Estimate
    gain: Gain | None = None

    @property
    def name(self) -> str:
        """The set in words."""
        return {
            REAL: "real images",
            AUGMENTED: "real images, with flips and shifts",
            SAMPLES: f"samples of {self.model}",
            BOTH: f"real images and samples of {self.model}",
        }[self.kind]


@dataclass(frozen=True, repr=False)
class Utility:
    """What classifiers say of the samples of a comparison.

    Attributes:
        steps: of each training.
        seeds: classifiers of each set, and of each run.
        test_images: how many real images test them.
        sets: without samples, then with those of each model; none if no samples have labels.
        without: the models whose samples have no labels.
        single: the models with the samples of one run, or with given images alone.
    """

    steps: int
    seeds: int
    test_images: int
    sets: Sequence[TrainedOn]
    without: Sequence[str]
    single: Sequence[str] = ()

    def __repr__(self) -> str:
        shown = ", ".join(f"{each.name} {100 * each.accuracy.mean:.2f} %" for each in self.sets)
        return f"<Utility: {shown or self.missing}>"

    @property
    def sentences(self) -> list[str]:
        """What flips and shifts, and the samples of each model, add to real images."""
        return list(self._sentences())

    @property
    def missing(self) -> str:
        """Which samples have no labels, and what to do, in one sentence; empty if all have."""
        if not self.without:
            return ""
        return (
            f"{', '.join(self.without)}: no classifier can learn from samples without labels; "
            "train with model.conditional=true, or give images in one folder for each class, or "
            "with labels in an .npz file."
        )

    @property
    def note(self) -> str:
        """How the accuracies were measured."""
        return (
            f"For each set, {self.seeds} small classifiers were trained for {self.steps:,} steps "
            f"and tested on {self.test_images:,} real images. ( – ): the {100 * CONFIDENCE:.0f} % "
            "interval over classifiers, or over the runs of a model if there are several, and test "
            "images. Each interval is of one comparison by itself; p is corrected for the number "
            f"of tests.{self._single} Flips harm where a mirrored image means something else, as "
            "digits do."
        )

    @property
    def _single(self) -> str:
        """Say what the intervals of models with one run leave out; empty if there are none."""
        if not self.single:
            return ""
        return (
            f" With one run, as of {', '.join(self.single)}, an interval is of these samples only, "
            "not of other trainings."
        )

    def table(self) -> list[list[str]]:
        """Return the headings and a row for each set; nothing if no samples have labels."""
        rows = [
            [each.name, f"{each.images:,}", _percent(each.accuracy), _points(each.gain)]
            for each in self.sets
        ]
        return [list(HEADINGS), *rows] if rows else []

    def _sentences(self) -> Iterator[str]:
        known = {(each.kind, each.model): each for each in self.sets}
        for each in self.sets:
            if each.kind == AUGMENTED:
                yield _verdict("flips and shifts", each)
            elif each.kind == BOTH:
                alone, real = known[SAMPLES, each.model].accuracy, known[REAL, ""].accuracy
                yield (
                    f"{each.model}: a classifier that learns from its samples alone is right about "
                    f"{100 * alone.mean:.2f} % of test images, from real images "
                    f"{100 * real.mean:.2f} %. {_verdict('its samples', each)}"
                )


def of(real: SetAccuracies, models: Mapping[str, Sequence[SetAccuracies | None]]) -> Utility:
    """Return what classifiers say.

    Args:
        real: accuracies with real images alone, by training set; empty if nothing was trained.
        models: name → accuracies with the samples of each run; None for samples without labels.
    """
    labelled = {
        name: [run for run in accuracies if run is not None]
        for name, accuracies in models.items()
        if None not in accuracies
    }
    pooled = {(kind, ""): _pooled([found]) for kind, found in real.items()}
    for name, accuracies in labelled.items():
        pooled |= {
            (kind, name): _pooled([run[kind] for run in accuracies]) for kind in (SAMPLES, BOTH)
        }
    base = pooled.get((REAL, ""))
    return Utility(
        utility.STEPS,
        utility.SEEDS,
        len(base.right) if base else 0,
        _sets(pooled, base) if base else [],
        [name for name in models if name not in labelled],
        [name for name, runs in labelled.items() if len(runs) == 1],
    )


def _sets(pooled: Mapping[tuple[str, str], Accuracies], base: Accuracies) -> list[TrainedOn]:
    """Return the sets with their gains over real images, and the p-values of what is added."""
    made: dict[tuple[str, str], TrainedOn] = {}
    p_values: dict[tuple[str, str], float] = {}
    for key, found in pooled.items():
        accuracy = statistics.estimate(found.values, "share", _error(found.right))
        made[key] = TrainedOn(*key, found.images, accuracy)
        if found is base:
            continue
        shared = statistics.standard_error(found.right - base.right)
        one, other = (statistics.estimate(each.values) for each in (base, found))
        difference = statistics.difference(one, other, shared)
        assert difference is not None, "there are several classifiers"
        low, high = (min(1.0, max(-1.0, end)) for end in difference.interval)
        made[key] = replace(made[key], gain=Gain(difference.size, low, high))
        if key[0] in (AUGMENTED, BOTH):
            p_values[key] = difference.p_value
    for key, p_value in statistics.holm(p_values).items():
        gain = made[key].gain
        assert gain is not None
        made[key] = replace(made[key], gain=replace(gain, p_value=p_value))
    return list(made.values())


def _pooled(runs: Sequence[Accuracies]) -> Accuracies:
    """Return the accuracies of a model: of one run those of its classifiers, else the runs' means.

    With several runs, the spread of the means has that of the classifiers in it.
    """
    if len(runs) == 1:
        return runs[0]
    right = torch.stack([run.right for run in runs]).mean(0)
    return Accuracies(runs[0].images, [mean(run.values) for run in runs], right)


def _error(right: Tensor) -> float:
    """Return the standard error of an accuracy by the finite set of test images.

    It is that of asin √p, 1 / (2 √N), which does not depend on p (Freeman & Tukey, 1950). The mean
    of several classifiers has a smaller one.
    """
    return 1 / (2 * math.sqrt(len(right)))


def _verdict(what: str, found: TrainedOn) -> str:
    """Say what is added to real images, or that it is not resolved."""
    gain = found.gain
    assert gain is not None
    assert gain.p_value is not None
    numbers = f"({_range(gain)}; p = {gain.p_value:.2g})"
    if gain.p_value > LEVEL:
        return (
            f"Whether {what} add to real images is not resolved: {100 * gain.size:+.2f} points "
            f"{numbers}."
        )
    does = "add" if gain.size > 0 else "cost"
    started = what[0].upper() + what[1:]
    return f"{started} {does} {100 * abs(gain.size):.2f} points beside real images {numbers}."


def _percent(found: Estimate) -> str:
    assert found.low is not None
    assert found.high is not None
    return f"{100 * found.mean:.2f} % ({100 * found.low:.2f} – {100 * found.high:.2f} %)"


def _points(gain: Gain | None) -> str:
    return "" if gain is None else f"{100 * gain.size:+.2f} ({_range(gain)}) points"


def _range(gain: Gain) -> str:
    return f"{100 * gain.low:+.2f} – {100 * gain.high:+.2f}"
