"""Sets of claims, and whether a comparison bears them out.

The claims of the report that this project reproduces are about a model with a likelihood and
another with a discriminator. Of several such pairs, the one whose ranks by FD have the lowest sum
is taken. A claim about quality is decided by tests over the training seeds. What it says of FD
must hold by the headline weights and by the last weights of both, else it depends on weight
averaging.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import mean
from typing import Literal

from genmodels.comparison import statistics
from genmodels.comparison.cells import shown
from genmodels.comparison.entry import Entry
from genmodels.comparison.pairs import AVERAGING, PairTest
from genmodels.comparison.result import Comparison
from genmodels.comparison.statistics import LEVEL, Estimate
from genmodels.comparison.verdicts import arrival
from genmodels.evaluation.metrics.discrimination import WINNING
from genmodels.evaluation.metrics.table import LAST

UNLIKE = "It is about a model with a likelihood and another with a discriminator."
NEAR = 0.05  # energy distance of latents from N(0, I); a tenth of that of a single point
WEIRD = 2  # times as many outliers as among real images count as some that look weird
Answer = Literal["holds", "does not hold", "undecided", "depends on weight averaging"]


@dataclass(frozen=True)
class Verdict:
    """A claim, whether it holds, and a sentence with the numbers that decide it."""

    claim: str
    answer: Answer
    why: str


# Decides a claim, of a model with a likelihood and another with a discriminator.
Decide = Callable[[Comparison, Entry, Entry], tuple[Answer, str]]


@dataclass(frozen=True)
class ClaimSet:
    """Claims that a comparison can decide.

    Attributes:
        title: a heading above their verdicts.
        source: whose claims they are, in one sentence.
        claims: each is a sentence, and the rule that decides it.
    """

    title: str
    source: str
    claims: Sequence[tuple[str, Decide]]


def asked(comparison: Comparison) -> ClaimSet | None:
    """Return the set of claims that was asked for; None if none was."""
    return CLAIMS[comparison.claims] if comparison.claims else None


def of(comparison: Comparison) -> list[Verdict]:
    """Return the verdicts on the claims that were asked for; none if none were."""
    found = asked(comparison)
    claims = found.claims if found else ()
    pair = _nearest(comparison)
    if pair is None:
        return [Verdict(claim, "undecided", UNLIKE) for claim, _ in claims]
    return [Verdict(claim, *decide(comparison, *pair)) for claim, decide in claims]


def _nearest(comparison: Comparison) -> tuple[Entry, Entry] | None:
    """Return a model with a likelihood and another with a discriminator, of the lowest FDs.

    None if there are no two such models.
    """
    ranked = comparison.ranked()
    ranks = range(len(ranked))
    pairs = [
        (one, other)
        for one, other in product(ranks, ranks)
        if one != other and _has(ranked[one], "nll_") and _has(ranked[other], "discriminator_")
    ]
    if not pairs:
        return None
    one, other = min(pairs, key=sum)
    return ranked[one], ranked[other]


def _has(entry: Entry, prefix: str) -> bool:
    """Return whether a model has a number whose key begins with ``prefix``."""
    return any(name.startswith(prefix) for name in entry.first.numbers)


def _first(
    comparison: Comparison, with_likelihood: Entry, with_discriminator: Entry
) -> tuple[Answer, str]:
    error = with_likelihood.mean("reconstruction_error")
    distance = with_likelihood.mean("latents_from_prior")
    if error is None:
        return "does not hold", f"{with_likelihood.name} has no encoder: it finds no latents."
    if with_discriminator.mean("reconstruction_error") is not None:
        return "does not hold", f"{with_discriminator.name} encodes images too."
    return "holds", (
        f"{with_likelihood.name} finds latents for images (squared error {shown(error)} an image) "
        f"that together have an energy distance of {shown(distance)} from the prior; "
        f"{with_discriminator.name} has no encoder: its latents are the prior itself."
    )


def _second(
    comparison: Comparison, with_likelihood: Entry, with_discriminator: Entry
) -> tuple[Answer, str]:
    distance, active = (with_likelihood.mean(n) for n in ("latents_from_prior", "active_units"))
    real, fake = (
        with_discriminator.mean(f"discriminator_right_on_{side}")
        for side in ("held_out", "samples")
    )
    if distance is None or active is None or real is None or fake is None:
        return "undecided", "The numbers that decide it are not defined for these models."
    near_and_active = distance < NEAR and active > 0
    playful = (real + fake) / 2 > 0.5 and min(real, fake) <= WINNING
    answer: Answer = "holds" if near_and_active and playful else "does not hold"
    return answer, (
        f"The latents of {with_likelihood.name} have an energy distance of {shown(distance)} from "
        f"the prior, and {shown(active)} of their dimensions tell images apart; the discriminator "
        f"of {with_discriminator.name} is right on {real:.0%} of held-out images and {fake:.0%} of "
        f"samples, so the game {'is still played' if playful else 'is over'}."
    )


def _third(
    comparison: Comparison, with_likelihood: Entry, with_discriminator: Entry
) -> tuple[Answer, str]:
    parts = [
        f"{entry.name} samples with {shown(entry.mean('parameters_sampling'))} of "
        f"{shown(entry.mean('parameters_training'))} parameters"
        for entry in (with_likelihood, with_discriminator)
    ]
    both = all(
        (e.mean("parameters_sampling") or 0) < (e.mean("parameters_training") or 0)
        for e in (with_likelihood, with_discriminator)
    )
    numbers = "; ".join(parts)
    if both:
        return "holds", f"Each is a pair of which one half samples: {numbers}."
    return "does not hold", f"Not each is a pair of which one half samples: {numbers}."


def _fourth(
    comparison: Comparison, with_likelihood: Entry, with_discriminator: Entry
) -> tuple[Answer, str]:
    names = {with_likelihood.name, with_discriminator.name}
    pair = next(p for p in comparison.pairs if {p.better, p.worse} == names)
    numbers = _qualities(comparison, pair, with_likelihood, with_discriminator)
    if pair.difference is None:
        return "undecided", f"{numbers} One seed of a model is not enough to decide."
    better = with_discriminator.name
    parts = {f"{better} is better": pair.better == better if pair.both_ways else None}
    parts |= _tested(comparison, with_likelihood, with_discriminator)
    failed = [part for part, holds in parts.items() if holds is False]
    if failed:
        return "does not hold", f"{numbers} What does not hold: {'; '.join(failed)}."
    if pair.outcome == "averaging" or (pair.decided and not pair.both_ways):
        return AVERAGING, numbers
    if open_ := [part for part, holds in parts.items() if holds is None]:
        return "undecided", f"{numbers} What is not resolved: {'; '.join(open_)}."
    return "holds", numbers


def _qualities(
    comparison: Comparison, pair: PairTest, with_likelihood: Entry, with_discriminator: Entry
) -> str:
    """Return the numbers that tell how good the images of both models are."""

    def against(name: str) -> str:
        return f"{shown(with_discriminator.mean(name))} against {shown(with_likelihood.mean(name))}"

    return (
        f"FD: {with_discriminator.name} {shown(with_discriminator.mean(comparison.fd))}, "
        f"{with_likelihood.name} {shown(with_likelihood.mean(comparison.fd))} ({pair.verdict}). "
        f"{_by_last(pair, with_likelihood, with_discriminator)}"
        f"Sharpness {against('sharpness')}, real images "
        f"{shown(comparison.real_numbers['sharpness'])}. "
        f"Isolated dots per image {against('isolated_dots')}. "
        f"Outliers among the images of {with_likelihood.name}: "
        f"{shown(with_likelihood.mean('outliers'))}, among real images "
        f"{shown(comparison.baselines['floor'].numbers['outliers'])}."
    )


def _tested(
    comparison: Comparison, with_likelihood: Entry, with_discriminator: Entry
) -> dict[str, bool | None]:
    """Return what the claim about quality says beside FD, and whether tests say so too.

    None where the difference is not significant, corrected for the number of these tests.
    """
    name, real = with_likelihood.name, comparison.baselines["floor"].numbers["outliers"]
    weird = statistics.estimate([WEIRD * real] * 2, "share")  # a fixed number, without a spread
    sides: Mapping[str, tuple[Estimate | None, Estimate | None]] = {
        f"{name} is smoother": (
            with_likelihood.estimate("sharpness"), with_discriminator.estimate("sharpness"),
        ),
        f"{name} has more than {WEIRD} times the outliers of real images": (
            weird, with_likelihood.estimate("outliers"),
        ),
        f"{with_discriminator.name} has more isolated dots": (
            with_likelihood.estimate("isolated_dots"),
            with_discriminator.estimate("isolated_dots"),
        ),
    }  # fmt: skip
    found = {
        part: difference
        for part, (low, high) in sides.items()
        if low and high and (difference := statistics.difference(low, high))
    }
    sure = statistics.holm({part: difference.p_value for part, difference in found.items()})
    return {part: found[part].size > 0 if sure.get(part, 1.0) <= LEVEL else None for part in sides}


def _by_last(pair: PairTest, with_likelihood: Entry, with_discriminator: Entry) -> str:
    """Say what the last weights of both have; nothing if those are the headline's."""
    if "ema" not in pair.weights:
        return ""
    entries = with_discriminator, with_likelihood
    found = [f"{entry.name} {shown(entry.mean(LAST))}" for entry in entries]
    verdict = f"{pair.last_better} is better" if pair.last_better else "neither is called better"
    return f"With the last weights of both: {', '.join(found)} ({verdict}). "


def _fifth(
    comparison: Comparison, with_likelihood: Entry, with_discriminator: Entry
) -> tuple[Answer, str]:
    entries = with_likelihood, with_discriminator
    first, second = with_likelihood.arrivals(), with_discriminator.arrivals()
    if first is None or second is None:
        return "undecided", "A run kept no snapshots, so its convergence is not known."
    when = "; ".join(f"{entry.name}: {arrival(entry)}" for entry in entries)
    if with_likelihood.headline != with_discriminator.headline:
        averaged, other = entries if with_likelihood.headline == "ema" else entries[::-1]
        return "undecided", (
            f"{when}. The curve of {averaged.name} is by EMA weights and that of {other.name} by "
            "last weights."
        )
    pairs: list[tuple[list[float], list[float]]] = [
        ([point.images for point in first], [point.images for point in second]),
        ([point.seconds for point in first], [point.seconds for point in second]),
    ]
    chances = [statistics.welch(one, other) for one, other in pairs]
    known = [chance for chance in chances if chance is not None]
    if len(known) < len(pairs):
        return "undecided", f"{when}. One seed for each model is not enough to decide."
    sure = max(known) <= LEVEL
    sooner = [mean(one) < mean(other) for one, other in pairs]
    answer: Answer = "holds" if all(sooner) else "undecided" if any(sooner) else "does not hold"
    return (answer if sure else "undecided"), (
        f"{when}. Welch's test: p = {shown(known[0])} for images, {shown(known[1])} for seconds."
    )


REPORT = ClaimSet(
    "The report's five claims, measured",
    "The report is the student's comparison of a VAE and a GAN that genmodels reproduces.",
    (
        ("The VAE's latent space comes from its encoder, the GAN's is simple noise.", _first),
        ("One learns the distribution of latents, the other plays a minimax game.", _second),
        ("One is an encoder and a decoder, the other a generator and a discriminator.", _third),
        (
            "The GAN's images are better overall but have isolated white dots; the VAE's are "
            "smoother, and some look weird.",
            _fourth,
        ),
        ("The VAE converges much faster, the generator slowly.", _fifth),
    ),
)

CLAIMS = {"report": REPORT}  # by name
