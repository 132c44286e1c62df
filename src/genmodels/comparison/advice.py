"""Advice on what to check next, from measured symptoms."""

from dataclasses import dataclass

from genmodels.comparison import copy_verdicts
from genmodels.comparison.cells import shown
from genmodels.comparison.entry import Entry
from genmodels.comparison.result import Comparison
from genmodels.comparison.verdicts import better_baselines
from genmodels.evaluation.metrics.discrimination import WINNING
from genmodels.training.records import next_snapshot

OVERFITTED = 0.1  # loss of accuracy from training to test images that shows overfitting
FAR = 0.5  # precision relative to the floor's, below which samples do not look like images
COLLAPSED = 0.5  # coverage relative to the floor's, or share of the classes that occur
ACTIVE = 0.5  # share of active latent dimensions below which the posterior has collapsed
IMPROVING = 0.1  # relative fall of FD over the last doubling of steps: train longer
UNSTABLE = 1.25  # final FD relative to the best snapshot's


@dataclass(frozen=True)
class Advice:
    """A measured symptom of a model, and what to check."""

    model: str
    symptom: str
    check: str


def of(comparison: Comparison) -> list[Advice]:
    """List what to check next."""
    found = []
    for entry in comparison.entries:
        for symptom, check in _symptoms(entry, comparison):
            found.append(Advice(entry.name, symptom, check))
    return found + [
        Advice(verdict.model, f"Samples are copies: {verdict.sentence}", "Look at the pairs.")
        for verdict in copy_verdicts.of(comparison)
        if verdict.copying
    ]


def _symptoms(entry: Entry, comparison: Comparison) -> list[tuple[str, str]]:
    made = []
    right_on_real = entry.mean("discriminator_right_on_held_out")
    on_training = entry.mean("discriminator_right_on_training")
    on_samples = entry.mean("discriminator_right_on_samples")
    if right_on_real is not None and on_samples is not None and on_training is not None:
        if min(right_on_real, on_samples) > WINNING:
            made.append((
                f"The discriminator wins: it is right on {right_on_real:.0%} of held-out images "
                f"and {on_samples:.0%} of samples.",
                "Lower its learning rate, or give it dropout or a penalty.",
            ))  # fmt: skip
        if on_training - right_on_real > OVERFITTED:
            made.append((
                f"The discriminator overfits: it is right on {on_training:.0%} of training images "
                f"and {right_on_real:.0%} of held-out ones.",
                "Add images or dropout, or stop earlier.",
            ))  # fmt: skip
    made += _of_samples(entry, comparison)
    active = entry.mean("active_units")
    latent = entry.mean("latent_dimensions")
    if active is not None and latent and active < ACTIVE * latent:
        made.append((
            f"The posterior collapses: {active:.0f} of {latent:.0f} latent dimensions are used.",
            "Lower beta, or take fewer dimensions.",
        ))  # fmt: skip
    made += _over_time(entry, comparison)
    return made


def _of_samples(entry: Entry, comparison: Comparison) -> list[tuple[str, str]]:
    """Say whether samples look like the images, and show as many kinds of them.

    Nothing is advised to those who give images alone: there is nothing to train.
    """
    if entry.given:
        return []
    if nearer := better_baselines(comparison, entry):
        return [(
            f"It has not learnt the images: {nearer}.",
            "Look at the samples and the losses; train longer, or lower the learning rate.",
        )]  # fmt: skip
    floor = comparison.baselines["floor"].numbers
    precision, coverage, modes = (entry.mean(name) for name in ("precision", "coverage", "modes"))
    made = []
    if precision is not None and precision < FAR * floor.get("precision", 0.0):
        made.append((
            f"Samples do not look like the images: precision is {precision:.2f}, that of the floor "
            f"{floor['precision']:.2f}.",
            "Look at the samples; train longer.",
        ))  # fmt: skip
    elif coverage is not None and coverage < COLLAPSED * floor.get("coverage", 0.0):
        made.append((
            f"Samples lack variety: coverage is {coverage:.2f}, that of the floor "
            f"{floor['coverage']:.2f}.",
            "Look at the samples and the classes; train longer, or change the loss.",
        ))  # fmt: skip
    if modes is not None and modes < COLLAPSED * floor.get("modes", 0.0):
        made.append((
            f"Samples show {modes:.3g} of {floor['modes']:.0f} classes.",
            "The generator has collapsed; lower its learning rate, or change the loss.",
        ))  # fmt: skip
    return made


def _over_time(entry: Entry, comparison: Comparison) -> list[tuple[str, str]]:
    curve = entry.first.curve
    if len(curve) == 1 and curve[0].step <= next_snapshot(0):
        return [(
            f"It was trained for {curve[0].step:,} steps, too few to see whether FD was still "
            "falling.",
            "Give it a larger budget.",
        )]  # fmt: skip
    if len(curve) < 2:
        return []
    end, best = curve[-1], min(curve, key=lambda point: point.distance)
    half = next(p for p in reversed(curve) if p.step <= end.step / 2 or p is curve[0])
    made = []
    if end.distance > UNSTABLE * best.distance:
        made.append((
            f"FD was lower at step {best.step:,} ({shown(best.distance)}) than at the end "
            f"({shown(end.distance)}).",
            "Lower the learning rate, keep an EMA of the weights, or stop earlier.",
        ))  # fmt: skip
    elif end.distance < (1 - IMPROVING) * half.distance and half is not end:
        made.append((
            f"FD was still falling: {shown(half.distance)} at step {half.step:,}, "
            f"{shown(end.distance)} at step {end.step:,}.",
            "Give it a larger budget.",
        ))  # fmt: skip
    return made
