"""What the presets teach: claims of papers, each with the measurements that decide it here.

A lesson is drawn from results of :mod:`studies.families` and :mod:`studies.study`; one whose
results are missing says what is to be measured, so the page never claims what nobody ran. A claim
holds, or does not, where a test over seeds says so; otherwise it is not resolved.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean, stdev
from typing import Any

from genmodels.comparison import statistics
from genmodels.comparison.cells import interval, number
from genmodels.comparison.pairs import AVERAGING
from genmodels.comparison.statistics import Estimate
from genmodels.evaluation.metrics.metric import Scale
from genmodels.evaluation.metrics.table import LAST
from studies.claim_tests import FAILS, HOLDS, answer, seeds

BUDGET = "90s"
SEEDS = 5
NLL = "nll_binary_iwae_100"
GANS = ("gan", "wgan-gp", "r3gan")
COMPARED = ("vae", "vae-gmm", *GANS)
SETS = {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST"}  # part of the study → its images
ALL_MODES = 900  # of a thousand: a model that has not lost them
CHOSEN = "The best of three GANs was chosen by the same numbers, which favours the GAN."
Measured = Mapping[str, Any]


class Missing(Exception):
    """A result that nobody has measured yet; the message is the command that does."""


@dataclass(frozen=True)
class Results:
    """All results, by preset, settings and data.

    Attributes:
        entries: of presets.
        studies: part of the study → its comparison.
    """

    entries: Sequence[Measured]
    studies: Mapping[str, Measured] = field(default_factory=dict)

    def one(
        self, preset: str, settings: Sequence[str] = (), data: str = "mnist", seeds: int = SEEDS
    ) -> Measured:
        """Return the result of a preset or of a variation of it.

        Raises:
            Missing: there is none, or it has fewer than ``seeds``.
        """
        wanted = [preset, BUDGET, list(settings), data]
        for entry in self.entries:
            found = [entry["preset"], entry["budget"], entry["settings"], entry["data"]]
            if found == wanted and len(entry["seeds"]) >= seeds:
                return entry
        options = "".join(f" --set {setting}" for setting in settings)
        raise Missing(
            f"python -m studies.families train {preset} --data {data}{options} --seeds {seeds}"
        )

    def study(self, name: str) -> Measured:
        """Return a part of the study.

        Raises:
            Missing: it has no result.
        """
        if name not in self.studies:
            raise Missing(f"python -m studies.study {name}")
        return self.studies[name]


def lessons(results: Results) -> list[str]:
    """Return one paragraph for each claim."""
    written = []
    for claim, decide in CLAIMS:
        try:
            written.append(f"- **{claim}** {decide(results)}")
        except Missing as missing:
            written.append(f"- **{claim}** Not measured: `{missing}`.")
    return written


def estimate(result: Measured, name: str, scale: Scale = "any") -> Estimate:
    """Return the mean of a number over the seeds, with its interval."""
    return statistics.estimate([seed[name] for seed in result["seeds"]], scale)


def _beside_report(results: Results) -> str:
    report, study = results.study("report-100"), results.study("mnist")
    reported = ("report/vae", "report/gan")
    vae, gan = (number(_fd(report, name)) for name in reported)
    listed = ", ".join(_shown(study, name) for name in COMPARED)
    return (
        f"After {_epochs(report)} epochs its VAE is at {vae} and its GAN at {gan}, with "
        f"{_seeds(report, reported)} each. After {_epochs(study)} epochs, with "
        f"{_seeds(study, COMPARED)}: {listed}."
    )


def _spread(results: Results) -> str:
    study = results.study("mnist")
    shares = {}
    for name in COMPARED:
        values = _model(study, name)["values"]
        shares[name] = stdev(values) / mean(values)
    listed = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
    return (
        f"Standard deviation of FD over {_seeds(study, COMPARED)}, as a share of the mean, on "
        f"MNIST after {_epochs(study)} epochs with the settings of the presets: {listed}. Theirs, "
        "of FID on MNIST over 50 seeds with the best settings of a search for each GAN: 5 to 25 %. "
        "The features and the budgets differ, so only the order of size can be compared. With one "
        "seed, a difference of this size means nothing."
    )


def _gans_against_vae(results: Results) -> str:
    found = _by_study(results, lambda study: (_best_gan(study), "vae"))
    return f"{found} {CHOSEN}"


def _mixture_against_gans(results: Results) -> str:
    found = _by_study(results, lambda study: ("vae-gmm", _best_gan(study)))
    return f"{found} {CHOSEN}"


def _best_gan(study: Measured) -> str:
    return min(GANS, key=lambda name: _fd(study, name))


def _by_study(results: Results, names: Callable[[Measured], tuple[str, str]]) -> str:
    """Return whether the first of two models is better on each set of images, and the verdicts."""
    found, sentences = {}, []
    for part, images in SETS.items():
        study = results.study(part)
        better, worse = names(study)
        verdict = _verdict(study, better, worse)
        outcomes = {f"{better} is better": HOLDS, f"{worse} is better": FAILS}
        found[images] = outcomes.get(verdict, verdict.capitalize())
        both = " and ".join(_shown(study, name) for name in (better, worse))
        sentences.append(f"{images}: {both}, {verdict}")
    if {HOLDS, FAILS} <= set(found.values()):
        answered = "Depends on the images"
    elif len(set(found.values())) == 1:
        (answered,) = set(found.values())
    else:
        answered = ". ".join(f"{outcome} on {images}" for images, outcome in found.items())
    return f"{answered}. {'; '.join(sentences)}."


def _importance(results: Results) -> str:
    weighted = estimate(results.one("vae-iwae.yaml"), NLL)
    plain = estimate(results.one("vae-iwae.yaml", ["model.bound=elbo"]), NLL)
    answered, (p_value,) = answer((weighted, plain))
    return (
        f"{answered} (p = {p_value}): {interval(weighted)} nats beside {interval(plain)} of the "
        "same networks trained for as long with as many samples by the ELBO (theirs after 3,280 "
        "epochs: 85.54 beside 86.47)."
    )


def _weight(results: Results) -> str:
    betas = {0.25: ["model.beta=0.25"], 1.0: ["model.beta=1"], 4.0: []}
    found = {beta: results.one("beta-vae.yaml", s) for beta, s in betas.items()}
    terms = [
        (estimate(r, "logged_reconstruction"), estimate(r, "logged_kl")) for r in found.values()
    ]
    listed = ", ".join(
        f"β = {beta:g}: {interval(reconstruction)} and {interval(divergence)}"
        for beta, (reconstruction, divergence) in zip(found, terms, strict=True)
    )
    steps = itertools.pairwise(terms)
    pairs = [pair for (r, d), (more_r, less_d) in steps for pair in ((r, more_r), (less_d, d))]
    answered, p_values = answer(*pairs)
    both = zip(p_values[::2], p_values[1::2], strict=True)
    return (
        f"{answered}: nats of reconstruction and of KL are {listed}. From each β to the next, with "
        f"Holm's correction, p = {', then '.join(map(' and '.join, both))}."
    )


def _after(results: Results) -> str:
    ours, vae = results.one("ae-gmm.yaml"), results.one("vae.yaml")
    untouched = results.one("ae.yaml", seeds=1)
    fitted, plain = (estimate(r, r["distance"], "positive") for r in (ours, vae))
    last, last_plain = (estimate(r, LAST, "positive") for r in (ours, vae))
    answered, (p_value,) = answer((fitted, plain))
    by_last, (p_last,) = answer((last, last_plain))
    if by_last != answered:
        answered = AVERAGING.capitalize()
    return (
        f"{answered}: the autoencoder reaches {interval(fitted)} with a mixture fitted to its "
        f"codes, {number(estimate(untouched, untouched['distance']).mean)} with N(0, I); the VAE "
        f"{interval(plain)} (p = {p_value}). By the last weights of both: {interval(last)} and "
        f"{interval(last_plain)} (p = {p_last})."
    )


def _exact(results: Results) -> str:
    exact = results.one("autoregressive-binary.yaml", seeds=1)
    bound = results.one("vae-iwae.yaml")
    return (
        f"The transformer gives binarised test images "
        f"{estimate(exact, 'nll_binary_exact').mean:.1f} nats, exactly, with "
        f"{seeds(len(exact['seeds']))}; the importance-weighted autoencoder at most "
        f"{interval(estimate(bound, NLL))}, with {seeds(len(bound['seeds']))}."
    )


def _modes(results: Results) -> str:
    kept, lost = (
        estimate(results.one(preset, settings, "stacked-mnist"), "modes")
        for preset, settings in (("wgan-gp.yaml", []), ("gan.yaml", ["model.dropout=0"]))
    )
    answered, (p_value,) = answer((lost, kept))
    decided = f"{answered} (p = {p_value})"
    if kept.mean < ALL_MODES:
        decided = f"{FAILS}, because fewer than {ALL_MODES} are left on average"
    return (
        f"{decided}: of 1,000, WGAN-GP makes {_listed(kept)}, a number for each seed, the "
        f"non-saturating GAN without a penalty {_listed(lost)}. They differ by their loss and by "
        "their critic steps too."
    )


def _listed(found: Estimate) -> str:
    counts = [f"{count:.0f}" for count in sorted(found.values)]
    return ", ".join(counts[:-1]) + f" and {counts[-1]}"


def _model(study: Measured, name: str) -> Measured:
    """Return the FD of a model of the study: its mean, interval and values."""
    (model,) = [model for model in study["models"] if model["name"] == name]
    found: Measured = model["numbers"][f"fd_{study['protocol']['features']}"]
    return found


def _fd(study: Measured, name: str) -> float:
    return float(_model(study, name)["mean"])


def _epochs(study: Measured) -> int:
    """Return the epochs of each training of a part of the study."""
    (epochs,) = {settings["train"]["epochs"] for settings in study["configurations"].values()}
    return int(epochs)


def _seeds(study: Measured, names: Iterable[str]) -> str:
    return seeds(*(len(_model(study, name)["values"]) for name in names))


def _shown(study: Measured, name: str) -> str:
    found = _model(study, name)
    estimated = Estimate(
        found["mean"], found["low"], found["high"], tuple(found["values"]), "positive"
    )
    return f"{name} {interval(estimated)}"


def _verdict(study: Measured, one: str, other: str) -> str:
    """Return the verdict on a pair; a better model must be better by the last weights too."""
    (pair,) = [p for p in study["pairs"] if {p["better"], p["worse"]} == {one, other}]
    verdict = str(pair["verdict"])
    decided = verdict == f"{pair['better']} is better"
    return AVERAGING if decided and not pair["both_ways"] else verdict


CLAIMS: Sequence[tuple[str, Callable[[Results], str]]] = [
    ("Beside the report's models.", _beside_report),
    (
        "Seeds differ by more than many papers' gains (Lucic et al., Are GANs Created Equal?, "
        "2018).",
        _spread,
    ),
    ("The best GAN is better than the VAE with its prior (the same).", _gans_against_vae),
    (
        "A VAE with a mixture fitted to its codes is better than the best GAN.",
        _mixture_against_gans,
    ),
    ("Five importance samples beat the ELBO (Burda et al., 2016).", _importance),
    ("A higher β costs reconstruction and saves KL (Higgins et al., 2017).", _weight),
    (
        "A plain autoencoder with a density fitted afterwards beats the VAE (Ghosh et al., 2020).",
        _after,
    ),
    ("An exact likelihood to stand beside the bounds.", _exact),
    ("WGAN-GP keeps the modes of stacked MNIST (a set of Metz et al., 2017).", _modes),
]
