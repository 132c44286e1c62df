"""What the presets teach: claims of papers, each with the measurements that decide it here.

A lesson is drawn from results of :mod:`studies.families`; one whose results are missing
says what is to be measured, so the page never claims what nobody ran. A claim that one family is
better holds by the EMA weights, where a model has any, and by the last weights of all; else it
depends on weight averaging.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from genmodels.evaluation.metrics.table import LAST

LONG, SHORT = "5m", "90s"
FITTED = "165s"  # that leaves time for a mixture within three minutes
SEEDS = 3  # of a headline preset
NLL = "nll_binary_iwae_100"
GANS = ("gan.yaml", "wgan-gp.yaml", "r3gan.yaml", "sngan.yaml")
GAIN = 0.5  # nats that an importance-weighted autoencoder is to be ahead
ALL_MODES = 900  # of a thousand: a model that has not lost them
Measured = Mapping[str, Any]


class Missing(Exception):
    """A result that nobody has measured yet; the message is the command that does."""


@dataclass(frozen=True)
class Results:
    """All results, by preset, budget, settings and data.

    Attributes:
        entries: of presets.
        report: a model of the report → its distance after 100 epochs, of ``docs/study.md``.
    """

    entries: Sequence[Measured]
    report: Mapping[str, float] = field(default_factory=dict)

    def one(
        self,
        preset: str,
        budget: str,
        settings: Sequence[str] = (),
        data: str = "mnist",
        seeds: int | None = None,
    ) -> Measured:
        """Return the result of a preset or of a variation of it.

        Raises:
            Missing: there is none, or it has fewer than ``seeds``; by default as many as one
                of its length is to have.
        """
        wanted = [preset, budget, list(settings), data]
        seeds = seeds or (1 if budget == SHORT else SEEDS)
        for entry in self.entries:
            found = [entry["preset"], entry["budget"], entry["settings"], entry["data"]]
            if found == wanted and len(entry["seeds"]) >= seeds:
                return entry
        options = "".join(f" --set {setting}" for setting in settings)
        raise Missing(
            f"python -m studies.families train {preset} --budget {budget} --data {data}"
            f"{options} --seeds {seeds}"
        )


def lessons(results: Results) -> list[str]:
    """Return one paragraph for each claim."""
    written = []
    for claim, decide in CLAIMS:
        try:
            written.append(f"- **{claim}** {decide(results)}")
        except Missing as missing:
            written.append(f"- **{claim}** Not measured: `{missing}`.")
    return written


def median(result: Measured, name: str) -> float:
    """Return the median of a number over the seeds."""
    return statistics.median(seed[name] for seed in result["seeds"])


def distance(result: Measured) -> float:
    """Return the median FD over the seeds."""
    return median(result, result["distance"])


def last_distance(result: Measured) -> float:
    """Return the median FD of the last weights over the seeds."""
    return median(result, LAST)


def _beside_report(results: Results) -> str:
    first = {name: results.report.get(f"report/{name}") for name in ("vae", "gan")}
    if None in first.values():
        raise Missing("genmodels compare report/vae.yaml report/gan.yaml --epochs 100")
    listed = []
    for name, budget in (("vae.yaml", LONG), ("vae-gmm.yaml", FITTED), ("gan.yaml", LONG)):
        result = results.one(name, budget)
        kind = "gan" if name == "gan.yaml" else "vae"
        share = distance(result) / (first[kind] or 1)
        seconds = median(result, "training_seconds")
        listed.append(f"{name} {distance(result):.3g} after {seconds:.0f} s ({share:.0%})")
    gan = results.one("gan.yaml", LONG)
    apart = max(seed[gan["distance"]] / seed["distance_best"] for seed in gan["seeds"])
    rarest = min(seed["rarest_class"] for seed in gan["seeds"])
    return (
        f"Its VAE is at {first['vae']:.3g} and its GAN at {first['gan']:.3g} after 100 epochs "
        f"([the study](study.md)). Medians of {SEEDS} seeds, and shares of the model that each "
        f"replaces: {', '.join(listed)}. No seed of gan.yaml ends above {apart:.2f} times the best "
        f"snapshot on its way, nor makes less than {rarest:.2f} of a class's share."
    )


def _near(results: Results) -> str:
    found = _gans(results)
    factor, last = (
        max(each.values()) / min(each.values()) for each in (found, _gans(results, last_distance))
    )
    listed = ", ".join(f"{name} {value:.3g}" for name, value in found.items())
    return (
        f"{_both_ways(*(each <= 20.3 / 6.7 for each in (factor, last)))}: after {LONG} the medians "
        f"are {listed}, a factor of {factor:.1f}, and of {last:.1f} by last weights; in their "
        "table it is 3.0 (6.7 to 20.3), each tuned for far longer."
    )


def _spread(results: Results) -> str:
    shares = {}
    for name in GANS:
        result = results.one(name, LONG)
        values = [seed[result["distance"]] for seed in result["seeds"]]
        shares[name] = (max(values) - min(values)) / statistics.median(values)
    listed = ", ".join(f"{_plain(name)} {share:.0%}" for name, share in shares.items())
    return (
        f"Their seeds span, as a share of their median: {listed}; theirs 5 to 25 %. "
        "A difference below that means nothing with one seed."
    )


def _against_vae(results: Results) -> str:
    vae = results.one("vae.yaml", LONG)
    found, plain = _gans(results), distance(vae)
    last, plain_last = _gans(results, last_distance), last_distance(vae)
    prior, fitted = (
        distance(results.one("vae.yaml", SHORT, settings))
        for settings in ([], ["model.sampler=gmm"])
    )
    best, best_last = min(found, key=found.__getitem__), min(last, key=last.__getitem__)
    nearer = [name for name, value in found.items() if value < plain]
    return (
        f"{_both_ways(found[best] < plain, last[best_last] < plain_last)}: {best} reaches "
        f"{found[best]:.3g}, the VAE with its prior {plain:.3g}, and {len(nearer)} of {len(found)} "
        f"GANs are nearer. By the last weights of all, {best_last} reaches {last[best_last]:.3g} "
        f"and the VAE {plain_last:.3g}. After {SHORT} "
        f"that VAE is at {prior:.3g}, and at {fitted:.3g} with a mixture fitted to its codes in "
        "place of the prior."
    )


def _importance(results: Results) -> str:
    weighted = median(results.one("vae-iwae.yaml", LONG), NLL)
    plain = median(results.one("vae-iwae.yaml", LONG, ["model.bound=elbo"]), NLL)
    gain = plain - weighted
    return (
        f"{_answer(gain >= GAIN)}: {weighted:.2f} nats beside {plain:.2f} of the same networks "
        f"trained for as long with as many samples by the ELBO, {gain:.2f} fewer (theirs after "
        "3,280 epochs: 85.54 beside 86.47)."
    )


def _weight(results: Results) -> str:
    betas = {0.25: ["model.beta=0.25"], 1.0: ["model.beta=1"], 4.0: []}
    found = {beta: results.one("beta-vae.yaml", SHORT, s) for beta, s in betas.items()}
    terms = [(median(r, "logged_reconstruction"), median(r, "logged_kl")) for r in found.values()]
    listed = ", ".join(
        f"β = {beta:g}: {reconstruction:.1f} and {divergence:.1f}"
        for beta, (reconstruction, divergence) in zip(found, terms, strict=True)
    )
    rises = [r for r, _ in terms] == sorted(r for r, _ in terms)
    falls = [d for _, d in terms] == sorted((d for _, d in terms), reverse=True)
    return f"{_answer(rises and falls)}: nats of reconstruction and of KL are {listed}."


def _after(results: Results) -> str:
    ae, vae = (results.one(name, SHORT) for name in ("ae-gmm.yaml", "vae.yaml"))
    untouched = distance(results.one("ae.yaml", SHORT))
    both_ways = _both_ways(*(of(ae) < of(vae) for of in (distance, last_distance)))
    return (
        f"{both_ways}: the autoencoder reaches {distance(ae):.3g} with a mixture fitted to its "
        f"codes, {untouched:.3g} with N(0, I); the VAE {distance(vae):.3g}. By the last weights of "
        f"both it is {last_distance(ae):.3g} beside {last_distance(vae):.3g}."
    )


def _exact(results: Results) -> str:
    exact = results.one("autoregressive-binary.yaml", SHORT)
    bound = results.one("vae-iwae.yaml", SHORT)
    nats = median(exact, "nll_binary_exact")
    return (
        f"After {SHORT} the transformer gives binarised test images {nats:.1f} nats, exactly; the "
        f"importance-weighted autoencoder at most {median(bound, NLL):.1f}. Their order by "
        f"likelihood need not be that by distance: {distance(exact):.3g} beside "
        f"{distance(bound):.3g}, though the transformer's samples are of binary pixels, which no "
        "grey test image has."
    )


def _modes(results: Results) -> str:
    found = [
        results.one(preset, SHORT, settings, "stacked-mnist", SEEDS)
        for preset, settings in (("wgan-gp.yaml", []), ("gan.yaml", ["model.dropout=0"]))
    ]
    kept, lost = (sorted(seed["modes"] for seed in result["seeds"]) for result in found)
    drawn = found[0]["protocol"]["generated_images"]
    return (
        f"{_answer(statistics.median(kept) >= ALL_MODES > statistics.median(lost))}: after {SHORT} "
        f"the seeds of WGAN-GP have {_listed(kept)} of 1,000 in {drawn:,} images, those of the "
        f"non-saturating GAN without a penalty {_listed(lost)}. They differ by their loss and "
        "their critic steps too."
    )


def _listed(counts: Sequence[float]) -> str:
    return ", ".join(f"{count:.0f}" for count in counts[:-1]) + f" and {counts[-1]:.0f}"


def _gans(results: Results, of: Callable[[Measured], float] = distance) -> dict[str, float]:
    return {_plain(name): of(results.one(name, LONG)) for name in GANS}


def _plain(preset: str) -> str:
    return preset.removesuffix(".yaml")


def _answer(holds: bool) -> str:
    return "Holds" if holds else "Does not hold"


def _both_ways(holds: bool, last: bool) -> str:
    """Return the answer by FD and by FD of the last weights, if it is one."""
    return _answer(holds) if holds == last else "Depends on weight averaging"


CLAIMS: Sequence[tuple[str, Callable[[Results], str]]] = [
    ("Beside the report's models.", _beside_report),
    ("Tuned GANs lie near each other (Lucic et al., Are GANs Created Equal?, 2018).", _near),
    ("Seeds differ by more than many papers' gains (the same).", _spread),
    ("GANs are better than the VAE (the same).", _against_vae),
    ("Five importance samples beat the ELBO by half a nat (Burda et al., 2016).", _importance),
    ("A higher β costs reconstruction and saves KL (Higgins et al., 2017).", _weight),
    (
        "A plain autoencoder with a density fitted afterwards beats the VAE (Ghosh et al., 2020).",
        _after,
    ),
    ("An exact likelihood to stand beside the bounds.", _exact),
    ("WGAN-GP keeps the modes of stacked MNIST (a set of Metz et al., 2017).", _modes),
]
