"""Sets of claims, and whether a comparison bears them out.

The claims of the report that this project reproduces are about a model with a likelihood and a
model with a discriminator. Of several, the one with the lowest FD is taken. A claim about quality
must hold by the headline weights and by the last weights of both, else it depends on weight
averaging.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Literal

from genmodels.comparison import statistics
from genmodels.comparison.entry import Entry
from genmodels.comparison.pairs import AVERAGING, PairTest
from genmodels.comparison.result import Comparison
from genmodels.comparison.statistics import LEVEL
from genmodels.comparison.verdicts import arrival, shown
from genmodels.evaluation.metrics.discrimination import WINNING
from genmodels.evaluation.metrics.table import LAST

UNLIKE = "It is about a model with a likelihood and another with a discriminator."
NEAR = 0.05  # energy distance of latents from N(0, I); a tenth of that of a single point
Answer = Literal["holds", "does not hold", "undecided", "depends on weight averaging"]


@dataclass(frozen=True)
class Verdict:
    """A claim, whether it holds, and a sentence with the numbers that decide it."""

    claim: str
    answer: Answer
    why: str


def of(comparison: Comparison) -> list[Verdict]:
    """Return the verdicts on the claims that were asked for; none if none were."""
    claims = CLAIMS[comparison.claims] if comparison.claims else ()
    coding = _nearest(comparison, "nll_")
    playing = _nearest(comparison, "discriminator_")
    if coding is None or playing is None or coding is playing:
        return [Verdict(claim, "undecided", UNLIKE) for claim, _ in claims]
    return [Verdict(claim, *decide(comparison, coding, playing)) for claim, decide in claims]


def _nearest(comparison: Comparison, prefix: str) -> Entry | None:
    """Return the model of lowest FD with a number whose key begins with ``prefix``."""
    return next(
        (e for e in comparison.ranked() if any(n.startswith(prefix) for n in e.first.numbers)),
        None,
    )


def _first(comparison: Comparison, coding: Entry, playing: Entry) -> tuple[Answer, str]:
    error, distance = coding.mean("reconstruction_error"), coding.mean("latents_from_prior")
    if error is None or playing.mean("reconstruction_error") is not None:
        return "does not hold", f"{playing.name} encodes images too."
    return "holds", (
        f"{coding.name} finds latents for images (squared error {shown(error)} an image) that "
        f"together have an energy distance of {shown(distance)} from the prior; {playing.name} has "
        "no encoder: its latents are the prior itself."
    )


def _second(comparison: Comparison, coding: Entry, playing: Entry) -> tuple[Answer, str]:
    distance, active = coding.mean("latents_from_prior"), coding.mean("active_units")
    real, fake = (
        playing.mean(f"discriminator_right_on_{side}") for side in ("held_out", "samples")
    )
    if distance is None or active is None or real is None or fake is None:
        return "undecided", "The numbers that decide it are not defined for these models."
    near_and_active = distance < NEAR and active > 0
    playful = (real + fake) / 2 > 0.5 and min(real, fake) <= WINNING
    answer: Answer = "holds" if near_and_active and playful else "does not hold"
    return answer, (
        f"The latents of {coding.name} have an energy distance of {shown(distance)} from the "
        f"prior, and {shown(active)} of their dimensions tell images apart; the discriminator of "
        f"{playing.name} is right on {real:.0%} of held-out images and {fake:.0%} of samples, so "
        "the game "
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
        f"{shown(coding.mean(comparison.fd))} ({pair.verdict}). {_by_last(pair, coding, playing)}"
        f"Sharpness {shown(playing.mean('sharpness'))} against "
        f"{shown(coding.mean('sharpness'))}, real images "
        f"{shown(comparison.real_numbers['sharpness'])}. "
        f"Isolated dots per image {shown(playing.mean('isolated_dots'))} against "
        f"{shown(coding.mean('isolated_dots'))}. Outliers among the images of "
        f"{coding.name}: {shown(outliers)}, among real images {shown(of_real)}."
    )
    failed = [
        part
        for part, holds in (
            (f"{playing.name} is not better", not pair.both_ways or pair.better == playing.name),
            (f"{coding.name} is not smoother", smooth),
            (f"{coding.name} has no more outliers than twice those of real images", weird),
            (f"{playing.name} has no more isolated dots", dots),
        )
        if not holds
    ]
    if pair.difference is None:
        return "undecided", f"{numbers} One seed of a model is not enough to decide."
    if failed:
        return "does not hold", f"{numbers} What does not hold: {'; '.join(failed)}."
    if pair.outcome == "averaging" or (pair.decided and not pair.both_ways):
        return AVERAGING, numbers
    return ("holds" if pair.both_ways else "undecided"), numbers


def _by_last(pair: PairTest, coding: Entry, playing: Entry) -> str:
    """Say what the last weights of both have; nothing if those are the headline's."""
    if "ema" not in pair.weights:
        return ""
    found = [f"{entry.name} {shown(entry.mean(LAST))}" for entry in (playing, coding)]
    verdict = f"{pair.last_better} is better" if pair.last_better else "neither is called better"
    return f"With the last weights of both: {', '.join(found)} ({verdict}). "


def _fifth(comparison: Comparison, coding: Entry, playing: Entry) -> tuple[Answer, str]:
    first, second = coding.arrivals(), playing.arrivals()
    if first is None or second is None:
        return "undecided", "A run kept no snapshots, so its convergence is not known."
    when = f"{coding.name}: {arrival(coding)}; {playing.name}: {arrival(playing)}"
    if coding.headline != playing.headline:
        averaged, other = (coding, playing) if coding.headline == "ema" else (playing, coding)
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


Decide = Callable[[Comparison, Entry, Entry], tuple[Answer, str]]
REPORT: Sequence[tuple[str, Decide]] = (
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

CLAIMS = {"report": REPORT}  # name → claims; each is a sentence, and the rule that decides it
