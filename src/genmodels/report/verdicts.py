"""Numbers → sentences: the report's five claims, what was unequal, and what to check next.

A claim speaks of the models that encode under a likelihood and of those that discriminate,
whatever they are called; of each kind the one nearest to the real images answers for it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from genmodels.report.comparison import Comparison, Entry

Answer = Literal["holds", "does not hold", "undecided"]

UNEQUAL = 1.2  # a ratio beyond which budgets are flagged as unequal
WINNING = 0.9  # share told rightly on both sides by a discriminator that has won
HEART = 0.1  # drop from training to held-out images that says: learnt by heart
COLLAPSED = 0.5  # coverage of the samples relative to the floor's
UNUSED = 0.5  # share of latent dimensions that carry nothing
COPIED = 0.05  # memorised share; test images have 0.01 by definition
YOUNG = 0.1  # improvement over the last doubling of steps that says: train on
UNSTABLE = 1.25  # final distance relative to the best snapshot's


@dataclass(frozen=True)
class Verdict:
    """A claim, whether it holds, and one plain sentence with the numbers that decide it."""

    claim: str
    answer: Answer
    why: str


@dataclass(frozen=True)
class Advice:
    """A symptom that was measured, and what to check."""

    model: str
    symptom: str
    check: str


def summary(comparison: Comparison) -> str:
    """One sentence that says which model is nearest to the real images, and how sure that is."""
    ranked = comparison.ranked()
    floor = comparison.anchors["floor"].numbers[comparison.fd]
    first = ranked[0]
    place = f"{comparison.fd} {shown(first.mean(comparison.fd))}, the floor is {shown(floor)}"
    if len(ranked) == 1:
        return f"{first.name} is at {place}."
    against = [pair for pair in comparison.pairs if first.name in (pair.better, pair.worse)]
    beaten = [pair.worse for pair in against if pair.better == first.name and pair.decided]
    if len(beaten) == len(ranked) - 1:
        return f"{first.name} comes nearest to the images of {comparison.data} ({place})."
    seeds = min(len(entry.results) for entry in ranked)
    reason = (
        "one training each cannot tell more: add --seeds 3"
        if seeds < 2
        else f"but with {seeds} seeds not surely nearer than "
        + ", ".join(p.worse for p in against if p.better == first.name and not p.decided)
    )
    return f"{first.name} has the lowest distance to {comparison.data} ({place}); {reason}."


def claims(comparison: Comparison) -> list[Verdict]:
    """The five claims of the report that this project grew out of."""
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
    """What was unequal between the models, one sentence each."""
    found = []
    for name, of in (
        ("parameters that train", lambda e: e.mean("parameters_training")),
        ("training images", lambda e: e.mean("training_images")),
        ("training seconds", lambda e: e.measured("training_seconds")),
        ("seeds", lambda e: float(len(e.results))),
    ):
        values = {entry.name: of(entry) or 0.0 for entry in comparison.entries}
        low, high = min(values, key=lambda n: values[n]), max(values, key=lambda n: values[n])
        ratio = values[high] / max(values[low], 1e-9)
        if ratio > UNEQUAL:
            found.append(
                f"Unequal {name}: {high} has {ratio:.1f} times as many as {low} "
                f"({shown(values[high])} against {shown(values[low])})."
            )
    if comparison.protocol["few_images"]:
        found.append(
            f"Only {comparison.protocol['real_images']:,} images on each side: distances are "
            "biased upwards; compare them with the floor, not with other studies."
        )
    return found


def advice(comparison: Comparison) -> list[Advice]:
    """What to check next, from symptoms that were measured."""
    found = []
    floor = comparison.anchors["floor"].numbers
    for entry in comparison.entries:
        for symptom, check in _symptoms(entry, comparison, floor.get("coverage")):
            found.append(Advice(entry.name, symptom, check))
    return found


def shown(value: float | None) -> str:
    """A number in a sentence."""
    if value is None:
        return "—"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _symptoms(
    entry: Entry, comparison: Comparison, floor_coverage: float | None
) -> list[tuple[str, str]]:
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
        if on_training - right_on_real > HEART:
            made.append((
                f"The discriminator knows its images by heart: right on {on_training:.0%} of "
                f"training images and {right_on_real:.0%} of held-out ones.",
                "Add images or dropout, or stop earlier.",
            ))  # fmt: skip
    coverage = entry.mean("coverage")
    if coverage is not None and floor_coverage and coverage < COLLAPSED * floor_coverage:
        made.append((
            f"Few kinds of images are made: coverage {coverage:.2f}, the floor has "
            f"{floor_coverage:.2f}.",
            "Look at the samples and the classes; train longer, or with another loss.",
        ))  # fmt: skip
    active = entry.mean("active_units")
    latent = entry.mean("latent_dimensions")
    if active is not None and latent and active < UNUSED * latent:
        made.append((
            f"The posterior collapses: {active:.0f} of {latent:.0f} latent dimensions are used.",
            "Lower beta, or take fewer dimensions.",
        ))  # fmt: skip
    memorised = entry.mean("memorised")
    if memorised is not None and memorised > COPIED:
        made.append((
            f"Training images come back: {memorised:.0%} of samples are nearer to one than 1 % "
            "of test images are.",
            "Look at the pairs; add images, or train a smaller model for fewer steps.",
        ))  # fmt: skip
    made += _over_time(entry, comparison)
    return made


def _over_time(entry: Entry, comparison: Comparison) -> list[tuple[str, str]]:
    curve = entry.first.curve
    if len(curve) < 2:
        return []
    end, best = curve[-1], min(curve, key=lambda point: point.distance)
    half = next(p for p in reversed(curve) if p.step <= end.step / 2 or p is curve[0])
    made = []
    if end.distance > UNSTABLE * best.distance:
        made.append((
            f"It was better at step {best.step:,} ({shown(best.distance)}) than at the end "
            f"({shown(end.distance)}).",
            "Lower the learning rate, average the weights, or stop earlier.",
        ))  # fmt: skip
    elif end.distance < (1 - YOUNG) * half.distance and half is not end:
        made.append((
            f"It was still improving: {shown(half.distance)} at step {half.step:,}, "
            f"{shown(end.distance)} at {end.step:,}.",
            "Give it a larger budget.",
        ))  # fmt: skip
    return made


def _nearest(comparison: Comparison, prefix: str) -> Entry | None:
    """The best model that has numbers of a kind."""
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
    odd, usual = coding.mean("outliers"), comparison.anchors["floor"].numbers["outliers"]
    weird = odd is not None and odd > 2 * usual
    numbers = (
        f"{comparison.fd}: {playing.name} {shown(playing.mean(comparison.fd))}, {coding.name} "
        f"{shown(coding.mean(comparison.fd))} ({pair.verdict}). "
        f"Sharpness {shown(playing.mean('sharpness'))} against "
        f"{shown(coding.mean('sharpness'))}, real images "
        f"{shown(comparison.real_numbers['sharpness'])}. "
        f"Isolated dots an image {shown(playing.mean('isolated_dots'))} against "
        f"{shown(coding.mean('isolated_dots'))}. Weird images of {coding.name}: {shown(odd)}, "
        f"of real ones {shown(usual)}."
    )
    if not (smooth and weird and dots) or (pair.decided and pair.better != playing.name):
        return "does not hold", numbers
    return ("holds" if pair.decided else "undecided"), numbers


def _fifth(comparison: Comparison, coding: Entry, playing: Entry) -> tuple[Answer, str]:
    arrivals = [entry.arrival() for entry in (coding, playing)]
    if arrivals[0] is None or arrivals[1] is None:
        return "undecided", "A run kept no snapshots on the way, so its convergence is not known."
    first, second = arrivals[0], arrivals[1]
    whole = [entry.first.curve[-1] for entry in (coding, playing)]
    parts = [
        f"{entry.name} comes within 10 % of its final distance after {arrival.images:,} images and "
        f"{shown(arrival.seconds)} s ({arrival.images / end.images:.0%} of its training)"
        for entry, arrival, end in zip((coding, playing), arrivals, whole, strict=True)
        if arrival is not None
    ]
    faster = first.images < second.images and first.seconds < second.seconds
    slower = first.images > second.images and first.seconds > second.seconds
    answer: Answer = "holds" if faster else "does not hold" if slower else "undecided"
    return answer, f"{'; '.join(parts)}."


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
