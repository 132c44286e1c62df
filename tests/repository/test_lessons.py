"""What measured presets teach: each claim is decided by numbers, and never without them."""

import re
from collections.abc import Sequence
from typing import Any

import pytest

from genmodels.comparison.statistics import estimate
from genmodels.evaluation.metrics.table import LAST
from studies import lessons
from studies.claim_tests import FAILS, OPEN, answer
from studies.lessons import BUDGET, NLL, SEEDS

pytestmark = pytest.mark.slow

NEAR = [0.98, 0.99, 1.0, 1.01, 1.02]  # what seeds are times their middle


def result(
    preset: str, settings: Sequence[str] = (), data: str = "mnist", **numbers: Any
) -> dict[str, Any]:
    """A result with a seed for each of NEAR."""
    numbers.setdefault(LAST, numbers.get("fd"))
    seeds = [{n: v * near for n, v in numbers.items() if v is not None} for near in NEAR]
    return {
        "preset": preset,
        "budget": BUDGET,
        "settings": list(settings),
        "data": data,
        "distance": "fd",
        "seeds": seeds,
    }


def trained_for(epochs: int) -> dict[str, Any]:
    """The configurations of a part of the study."""
    return {"vae.yaml": {"train": {"epochs": epochs}}, "gan.yaml": {"train": {"epochs": epochs}}}


def study(last: dict[str, float] | None = None, epochs: int = 20, **fds: float) -> dict[str, Any]:
    """A part of the study, whose verdicts follow the numbers unless two are equal.

    With ``last``, these are the FDs by last weights of models that have an EMA.
    """
    named = {name.replace("_", "-"): fd for name, fd in fds.items()}
    models = [
        {"name": name, "numbers": {"fd_domain": {
            "mean": fd, "low": fd * 0.9, "high": fd / 0.9, "values": [fd * near for near in NEAR],
        }}}
        for name, fd in named.items()
    ]  # fmt: skip
    pairs = [
        {
            "better": one,
            "worse": other,
            "verdict": "not resolved" if named[one] == named[other] else f"{one} is better",
            "both_ways": named[one] != named[other] and (not last or last[one] < last[other]),
        }
        for one in named
        for other in named
        if one != other and (named[one], one) <= (named[other], other)
    ]
    return {
        "models": models,
        "pairs": pairs,
        "protocol": {"features": "domain"},
        "configurations": trained_for(epochs),
    }


FDS = {"vae": 2.0, "vae_gmm": 0.3, "gan": 1.2, "wgan_gp": 1.5, "r3gan": 1.0}


def decided(fds: dict[str, float] | None = None, **changed: Any) -> list[str]:
    """Return the lessons of numbers that say what the papers say, but for what is changed."""
    entries = [
        result("vae.yaml", fd=2.0, **dict[str, Any]({LAST: changed.get("last", 2.0)})),
        result("vae-iwae.yaml", **dict[str, Any]({NLL: changed.get("iwae", 90.0)})),
        result("vae-iwae.yaml", ["model.bound=elbo"], **dict[str, Any]({NLL: 95.0})),
        result("beta-vae.yaml", ["model.beta=0.25"], logged_reconstruction=70, logged_kl=40),
        result("beta-vae.yaml", ["model.beta=1"], logged_reconstruction=80, logged_kl=25),
        result("beta-vae.yaml", logged_reconstruction=108, logged_kl=changed.get("kl", 8)),
        result("ae.yaml", fd=20.0),
        result("ae-gmm.yaml", fd=changed.get("ae", 0.3)),
        result("autoregressive-binary.yaml", fd=9.0, nll_binary_exact=88.0),
        result("wgan-gp.yaml", data="stacked-mnist", modes=changed.get("modes", 950)),
        result("gan.yaml", ["model.dropout=0"], "stacked-mnist", modes=400),
    ]
    long, short = changed.get("epochs", (100, 20))
    report = {"models": [
        {"name": f"report/{name}", "numbers": {"fd_domain": {"mean": fd, "values": [fd]}}}
        for name, fd in (("vae", 4.0), ("gan", 2.2))
    ], "protocol": {"features": "domain"}, "configurations": trained_for(long)}  # fmt: skip
    other = study(changed.get("fd_last"), short, **(fds or FDS))
    parts = {"report-100": report, "mnist": study(None, short, **FDS), "fashion-mnist": other}
    return lessons.lessons(lessons.Results(entries, parts))


def test_what_the_papers_say_holds_where_the_numbers_do() -> None:
    lines = decided()
    text = "\n".join(lines)
    assert text.count("** Holds") == 6
    assert "Not measured" not in text
    assert "its VAE is at 4 and its GAN at 2.2" in text
    assert "vae-gmm 0.3 (0.27 – 0.333)" in text
    assert "gan 2%" in text  # the standard deviation of NEAR, 0.0158
    assert text.count(lessons.CHOSEN) == 2
    assert "MNIST: r3gan 1 (0.9 – 1.11) and vae 2 (1.8 – 2.22), r3gan is better" in text
    assert "of 1,000, WGAN-GP makes 931, 940, 950, 960 and 969, a number for each seed" in text
    number = r"[\d.e-]+"
    assert re.search(rf"Holm's correction, p = {number} and {number}, then {number} and", text)


def test_epochs_and_numbers_of_seeds_are_those_of_the_results(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(globals(), "NEAR", [*NEAR, 1.005])
    text = "\n".join(decided(epochs=(50, 30)))
    assert "After 50 epochs its VAE is at 4 and its GAN at 2.2, with 1 seed each." in text
    assert "After 30 epochs, with 6 seeds: vae 2 " in text
    assert "over 6 seeds, as a share of the mean, on MNIST after 30 epochs" in text
    assert "88.1 nats, exactly, with 6 seeds; " in text
    assert not re.search(r"\b5 seeds|\b20 epochs|\b100 epochs", text)


def test_several_tests_of_a_claim_are_corrected() -> None:
    low, high = (estimate([mean * near for near in NEAR]) for mean in (25.0, 25.65))
    contrary, equal = (high, low), (low, low)
    assert answer(contrary) == (FAILS, ["0.033"])
    assert answer(contrary, equal, equal, equal) == (OPEN, ["0.13", "1", "1", "1"])


def test_the_number_that_decided_is_given() -> None:
    (modes,) = [line for line in decided(modes=880) if "keeps the modes" in line]
    assert "Does not hold, because fewer than 900 are left on average: of 1,000" in modes
    assert "p =" not in modes
    (after,) = [line for line in decided(last=0.2) if "A plain autoencoder" in line]
    assert re.search(r"the VAE .* \(p = \S+\)\. By the last weights .* \(p = \S+\)\.$", after)


@pytest.mark.parametrize(
    ("changed", "claim", "answered"),
    [
        ({"iwae": 95.0}, "Five importance samples", "Not resolved"),
        ({"iwae": 99.0}, "Five importance samples", "Does not hold"),
        ({"kl": 30}, "A higher β", "Does not hold"),
        ({"kl": 25}, "A higher β", "Not resolved"),
        ({"ae": 3.0}, "A plain autoencoder", "Does not hold"),
        ({"last": 0.2}, "A plain autoencoder", "Depends on weight averaging"),
        ({"modes": 880}, "WGAN-GP keeps the modes", "Does not hold"),
        (
            {"fds": FDS | {"vae": 1.0}},
            "The best GAN",
            "Holds on MNIST. Not resolved on Fashion-MNIST",
        ),
        (
            {"fd_last": {"vae": 1.0, "vae-gmm": 0.4, "gan": 2.0, "wgan-gp": 2.0, "r3gan": 1.1}},
            "The best GAN",
            "Holds on MNIST. Depends on weight averaging on Fashion-MNIST",
        ),
        ({"fds": FDS | {"vae": 0.9}}, "The best GAN", "Depends on the images"),
        ({"fds": FDS | {"vae_gmm": 9.0}}, "A VAE with a mixture", "Depends on the images"),
    ],
)
def test_it_does_not_where_they_do_not(changed: dict[str, Any], claim: str, answered: str) -> None:
    (line,) = [line for line in decided(**changed) if line.startswith(f"- **{claim}")]
    assert f".** {answered}" in line
    others = [other for other in decided(**changed) if other != line and ".** Holds" in other]
    assert len(others) == 5


def test_what_nobody_measured_is_not_claimed() -> None:
    lines = lessons.lessons(lessons.Results([]))
    assert len(lines) == len(lessons.CLAIMS)
    assert all("Not measured: `" in line for line in lines)
    assert "`python -m studies.study report-100`" in lines[0]
    assert lines[-1].endswith(f"train wgan-gp.yaml --data stacked-mnist --seeds {SEEDS}`.")


def test_too_few_seeds_are_not_claimed_on() -> None:
    alone = result("vae-iwae.yaml", **dict[str, Any]({NLL: 90.0}))
    alone["seeds"] = alone["seeds"][:1]
    (line,) = [
        line for line in lessons.lessons(lessons.Results([alone])) if "Five importance" in line
    ]
    assert "Not measured: `python -m studies.families train vae-iwae.yaml" in line
