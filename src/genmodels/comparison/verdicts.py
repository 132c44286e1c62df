"""Sentences about a comparison: the model of lowest FD, the report's five claims, fairness.

A claim is about a model with a likelihood and a model with a discriminator. Of several, the one
with the lowest FD is taken.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from genmodels.comparison import statistics
from genmodels.comparison.cells import alternatives
from genmodels.comparison.entry import Entry
from genmodels.comparison.pairs import LEVEL, PairTest
from genmodels.comparison.result import Comparison
from genmodels.evaluation.baselines import MEANINGS, SIMPLE

Answer = Literal["holds", "does not hold", "undecided"]

UNEQUAL = 1.2  # a ratio beyond which budgets are flagged as unequal


# What is flagged as unequal, and how much of it a model had; None if that is not known.
_AMOUNTS: Sequence[tuple[str, Callable[[Entry], float | None]]] = (
    ("parameters that train", lambda entry: entry.mean("parameters_training")),
    ("distinct training images", lambda entry: entry.training_set),
    ("training images", lambda entry: entry.mean("training_images")),
    ("training seconds", lambda entry: entry.measured("training_seconds")),
    ("seeds", lambda entry: None if entry.given else len(entry.results)),
)


@dataclass(frozen=True)
class Verdict:
    """A claim, whether it holds, and a sentence with the numbers that decide it."""

    claim: str
    answer: Answer
    why: str


def summary(comparison: Comparison) -> str:
    """Return a sentence about the model of lowest FD, and one about better simple baselines."""
    best = comparison.ranked()[0].mean(comparison.fd)
    nearer = [
        f"{MEANINGS[name]} has a lower FD ({shown(distance)})"
        for name in SIMPLE
        if name in comparison.baselines
        and best is not None
        and (distance := comparison.baselines[name].numbers[comparison.fd]) < best
    ]
    todo = "" if comparison.ranked()[0].given else ": train longer"
    more = f" But {' and '.join(nearer)}{todo}." if nearer else ""
    return _nearest_model(comparison) + more


def _nearest_model(comparison: Comparison) -> str:
    """Return which model has the lowest FD and how certain that is, in one sentence."""
    ranked = comparison.ranked()
    floor = comparison.baselines["floor"].numbers[comparison.fd]
    first = ranked[0]
    scores = f"FD {shown(first.mean(comparison.fd))}; the noise floor is {shown(floor)}"
    if len(ranked) == 1:
        return f"{first.name}, compared with the images of {comparison.data}: {scores}."
    against = [pair for pair in comparison.pairs if first.name in (pair.better, pair.worse)]
    beaten = [pair.worse for pair in against if pair.better == first.name and pair.decided]
    if len(beaten) == len(ranked) - 1:
        return f"{first.name} comes closest to the images of {comparison.data} ({scores})."
    open_ = [pair for pair in against if pair.better == first.name and not pair.decided]
    return f"{first.name} has the lowest FD on {comparison.data} ({scores}); {_unresolved(open_)}."


def _unresolved(pairs: Sequence[PairTest]) -> str:
    """Say what is not resolved between the model of lowest FD and others, and what would help."""
    if any(pair.difference is None and not pair.given for pair in pairs):
        return "one seed for each model is not enough to decide: train each with 5 seeds"
    found = []
    for pair in pairs:
        if pair.given:
            continue
        more = "more seeds would not resolve it: the test images are too few"
        if pair.seeds_needed:
            more = f"{pair.seeds_needed} seeds of each would probably resolve it"
        found.append(f"its lead over {pair.worse} is not resolved ({more})")
    if any(pair.given for pair in pairs):
        found.append("given images have no training seeds, so differences to them are not tested")
    return "; ".join(found)


def claims(comparison: Comparison) -> list[Verdict]:
    """Return the verdicts on the five claims of the report that this project reproduces."""
    coding = _nearest(comparison, "nll_")
    playing = _nearest(comparison, "discriminator_")
    made = []
    for claim, decide in _CLAIMS:
        if coding is None or playing is None:
            missing = "with a likelihood" if coding is None else "that discriminates"
            made.append(Verdict(claim, "undecided", f"No model {missing} was compared."))
        else:
            answer, why = decide(comparison, coding, playing)
            made.append(Verdict(claim, answer, why))
    return made


def fairness(comparison: Comparison) -> list[str]:
    """List what was unequal between the models, one sentence each."""
    found = []
    for name, of in _AMOUNTS:
        known = {entry.name: of(entry) for entry in comparison.entries}
        values = {name: value for name, value in known.items() if value is not None}
        if not values:
            continue
        low, high = min(values, key=lambda n: values[n]), max(values, key=lambda n: values[n])
        ratio = values[high] / max(values[low], 1e-9)
        if ratio > UNEQUAL:
            found.append(
                f"Unequal {name}: {high} has {ratio:.1f} times as many as {low} "
                f"({shown(values[high])} against {shown(values[low])})."
            )
    found += _unequal_conditions(comparison)
    found += [f"{comparison.limit}."] if comparison.limit else []
    for name in ("precision", "augmentation"):
        each = {e.name: e.conditions[name] for e in comparison.entries if name in e.conditions}
        if len(set(each.values())) > 1:
            found.append(f"Unequal {name}: {', '.join(f'{n} has {each[n]}' for n in each)}.")
    if comparison.protocol["few_images"]:
        found.append(
            f"Only {comparison.protocol['real_images']:,} images on each side: FD is biased "
            "upwards; compare it with the floor, not with other studies."
        )
    return found


def conditions(comparison: Comparison) -> str:
    """Return how many trainings and evaluations ran at a time, in one sentence."""
    evaluations = f"{comparison.jobs} at a time."
    if not comparison.trained:
        return f"Evaluations ran {evaluations}"
    results = [result for entry in comparison.trained for result in entry.results]
    threads = alternatives([result.threads for result in results])
    each = f" (CPU threads of each: {threads})" if threads else ""
    jobs = alternatives([result.jobs for result in results])
    return f"Trainings ran {jobs} at a time{each}, evaluations {evaluations}"


def _unequal_conditions(comparison: Comparison) -> list[str]:
    """Say if runs were trained with unequal CPU threads, or beside unequally many others.

    Runs whose threads are unknown do not count.
    """
    results = [result for entry in comparison.trained for result in entry.results]
    found = []
    if len({tuple(result.threads) for result in results if result.threads}) > 1:
        each = ", ".join(f"{e.name} has {e.threads}" for e in comparison.entries if e.threads)
        found.append(f"Unequal CPU threads of training: {each}.")
    if len({tuple(result.jobs) for result in results}) > 1:
        each = ", ".join(f"{e.name} has {e.jobs}" for e in comparison.trained)
        found.append(f"Unequal numbers of trainings at a time: {each}.")
    return [
        f"{sentence} So seconds of training, and what was reached in a limited time, cannot be "
        "compared."
        for sentence in found
    ]


def shown(value: float | None) -> str:
    """Format a number for a sentence."""
    if value is None:
        return "—"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def arrival(entry: Entry) -> str:
    """Return when a model came within 10 % of its final FD, averaged over seeds, as text."""
    found = entry.arrivals()
    if found is None:
        return "no snapshots were kept"
    images = statistics.mean([point.images for point in found])
    seconds = statistics.mean([point.seconds for point in found])
    total = entry.mean("training_images") or images
    return (
        f"within 10 % of its final FD after {shown(images)} images and {shown(seconds)} s, "
        f"{images / total:.0%} of its training"
    )


def _nearest(comparison: Comparison, prefix: str) -> Entry | None:
    """Return the model of lowest FD with a number whose key begins with ``prefix``."""
    return next(
        (e for e in comparison.ranked() if any(n.startswith(prefix) for n in e.first.numbers)),
        None,
    )


def _first(comparison: Comparison, coding: Entry, playing: Entry) -> tuple[Answer, str]:
    error, distance = coding.mean("reconstruction_error"), coding.mean("latents_to_prior")
    if error is None or playing.mean("reconstruction_error") is not None:
        return "does not hold", f"{playing.name} encodes images too."
    return "holds", (
        f"{coding.name} finds latents for images (squared error {shown(error)} an image) that "
        f"together are {shown(distance)} from N(0, I); {playing.name} has no encoder: its latents "
        "are N(0, I) itself."
    )


def _second(comparison: Comparison, coding: Entry, playing: Entry) -> tuple[Answer, str]:
    distance, latents = coding.mean("latents_to_prior"), coding.mean("latent_dimensions")
    real, fake = (
        playing.mean(f"discriminator_right_on_{side}") for side in ("held_out", "samples")
    )
    if distance is None or latents is None or real is None or fake is None:
        return "undecided", "The numbers that decide it are not defined for these models."
    learnt, playful = distance < 0.1 * latents, 0.5 < (real + fake) / 2 < 0.99
    answer: Answer = "holds" if learnt and playful else "does not hold"
    return answer, (
        f"The latents of {coding.name} are {shown(distance)} from the prior, where {latents:.0f} "
        f"unused dimensions would be {latents:.0f} away; the discriminator of {playing.name} is "
        f"right on {real:.0%} of held-out images and {fake:.0%} of samples, so the game "
        f"{'is still played' if playful else 'is over'}."
    )


def _third(comparison: Comparison, coding: Entry, playing: Entry) -> tuple[Answer, str]:
    parts = [
        f"{entry.name} samples with {shown(entry.mean('parameters_sampling'))} of "
        f"{shown(entry.mean('parameters_training'))} parameters"
        for entry in (coding, playing)
    ]
    both = all(
        (e.mean("parameters_sampling") or 0) < (e.mean("parameters_training") or 0)
        for e in (coding, playing)
    )
    return ("holds" if both else "does not hold"), (
        f"Each is a pair of which one half samples: {'; '.join(parts)}."
    )


def _fourth(comparison: Comparison, coding: Entry, playing: Entry) -> tuple[Answer, str]:
    names = {coding.name, playing.name}
    pair = next(p for p in comparison.pairs if {p.better, p.worse} == names)
    smooth = (coding.mean("sharpness") or 0) < (playing.mean("sharpness") or 0)
    dots = (playing.mean("isolated_dots") or 0) > (coding.mean("isolated_dots") or 0)
    outliers = coding.mean("outliers")
    of_real = comparison.baselines["floor"].numbers["outliers"]
    weird = outliers is not None and outliers > 2 * of_real
    numbers = (
        f"FD: {playing.name} {shown(playing.mean(comparison.fd))}, {coding.name} "
        f"{shown(coding.mean(comparison.fd))} ({pair.verdict}). "
        f"Sharpness {shown(playing.mean('sharpness'))} against "
        f"{shown(coding.mean('sharpness'))}, real images "
        f"{shown(comparison.real_numbers['sharpness'])}. "
        f"Isolated dots per image {shown(playing.mean('isolated_dots'))} against "
        f"{shown(coding.mean('isolated_dots'))}. Outliers among the images of "
        f"{coding.name}: {shown(outliers)}, among real images {shown(of_real)}."
    )
    if not (smooth and weird and dots) or (pair.decided and pair.better != playing.name):
        return "does not hold", numbers
    return ("holds" if pair.decided else "undecided"), numbers


def _fifth(comparison: Comparison, coding: Entry, playing: Entry) -> tuple[Answer, str]:
    first, second = coding.arrivals(), playing.arrivals()
    if first is None or second is None:
        return "undecided", "A run kept no snapshots, so its convergence is not known."
    when = f"{coding.name}: {arrival(coding)}; {playing.name}: {arrival(playing)}"
    pairs: list[tuple[list[float], list[float]]] = [
        ([point.images for point in first], [point.images for point in second]),
        ([point.seconds for point in first], [point.seconds for point in second]),
    ]
    chances = [statistics.welch(one, other) for one, other in pairs]
    known = [chance for chance in chances if chance is not None]
    if len(known) < len(pairs):
        return "undecided", f"{when}. One seed for each model is not enough to decide."
    sure = max(known) <= LEVEL
    sooner = [statistics.mean(one) < statistics.mean(other) for one, other in pairs]
    answer: Answer = "holds" if all(sooner) else "undecided" if any(sooner) else "does not hold"
    return (answer if sure else "undecided"), (
        f"{when}. Welch's test: p = {shown(known[0])} for images, {shown(known[1])} for seconds."
    )


Decide = Callable[[Comparison, Entry, Entry], tuple[Answer, str]]
_CLAIMS: Sequence[tuple[str, Decide]] = (
    ("The VAE's latent space comes from its encoder, the GAN's is simple noise.", _first),
    ("One learns the distribution of latents, the other plays a minimax game.", _second),
    ("One is an encoder and a decoder, the other a generator and a discriminator.", _third),
    (
        "The GAN's images are better overall but have isolated white dots; the VAE's are "
        "smoother, and some look weird.",
        _fourth,
    ),
    ("The VAE converges much faster, the generator slowly.", _fifth),
)
