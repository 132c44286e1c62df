"""What measured presets teach: each claim is decided by numbers, and never without them."""

from collections.abc import Sequence
from typing import Any

import pytest

from studies import lessons
from studies.lessons import FITTED, GANS, LONG, NLL, SHORT

pytestmark = pytest.mark.slow

REPORT = {"report/vae": 4.0, "report/gan": 2.2}
ON_THE_WAY: dict[str, Any] = {
    "training_seconds": 300,
    "distance_best": 1.0,
    "rarest_class": [0.9, 0.7, 0.8],
}


def result(
    preset: str, budget: Any, settings: Sequence[str] = (), data: str = "mnist", **numbers: Any
) -> dict[str, Any]:
    """A result with three seeds; a number is that of each, or one for each."""
    seeds = [
        {name: value[seed] if isinstance(value, list) else value for name, value in numbers.items()}
        for seed in range(3)
    ]
    for each in seeds:
        each.setdefault("distance_last", each.get("fd"))
    return {
        "preset": preset,
        "budget": budget,
        "settings": list(settings),
        "data": data,
        "distance": "fd",
        "seeds": seeds,
        "protocol": {"generated_images": 10_000},
    }


def measured(**changed: Any) -> list[Any]:
    """All that the lessons are drawn from, as the papers say it."""
    return [
        *(result(name, LONG, fd=changed.get(name, [1.0, 1.1, 1.2]), **ON_THE_WAY) for name in GANS),
        result(
            "vae.yaml",
            LONG,
            fd=changed.get("vae", 2.0),
            training_seconds=300,
            distance_last=changed.get("vae_last", changed.get("vae", 2.0)),
        ),
        result("vae.yaml", SHORT, fd=2.0, distance_last=changed.get("short_last", 2.0)),
        result("vae.yaml", SHORT, ["model.sampler=gmm"], fd=0.5),
        result("vae-gmm.yaml", FITTED, fd=0.2, training_seconds=175),
        result("vae-iwae.yaml", LONG, **{NLL: changed.get("iwae", 90.0)}),
        result("vae-iwae.yaml", LONG, ["model.bound=elbo"], **dict[str, Any]({NLL: 91.0})),
        result("beta-vae.yaml", SHORT, ["model.beta=0.25"], logged_reconstruction=70, logged_kl=40),
        result("beta-vae.yaml", SHORT, ["model.beta=1"], logged_reconstruction=80, logged_kl=25),
        result("beta-vae.yaml", SHORT, logged_reconstruction=108, logged_kl=changed.get("kl", 8)),
        result("ae.yaml", SHORT, fd=20.0),
        result("ae-gmm.yaml", SHORT, fd=changed.get("ae", 0.3)),
        result("autoregressive-binary.yaml", SHORT, fd=9.0, nll_binary_exact=88.0),
        result("vae-iwae.yaml", SHORT, fd=2.8, **dict[str, Any]({NLL: 95.0})),
        result("wgan-gp.yaml", SHORT, data="stacked-mnist", modes=changed.get("modes", 950)),
        result("gan.yaml", SHORT, ["model.dropout=0"], "stacked-mnist", modes=[500, 300, 400]),
    ]


def decided(**changed: Any) -> Any:
    return lessons.lessons(lessons.Results(measured(**changed), REPORT))


def test_what_the_papers_say_holds_where_the_numbers_do() -> None:
    text = "\n".join(decided())
    assert text.count("Holds: ") == 6
    assert "Does not hold" not in text
    assert "Not measured" not in text
    assert "90.00 nats beside 91.00" in text
    assert "β = 0.25: 70.0 and 40.0, β = 1: 80.0 and 25.0, β = 4: 108.0 and 8.0" in text
    assert "gan 18%" in text  # (1.2 − 1.0) / 1.1
    assert "vae.yaml 2 after 300 s (50%), vae-gmm.yaml 0.2 after 175 s (5%)" in text
    assert "gan.yaml 1.1 after 300 s (50%)" in text
    assert "of the non-saturating GAN without a penalty 300, 400 and 500." in text
    assert "ends above 1.20 times the best snapshot on its way, nor makes less than 0.70" in text


@pytest.mark.parametrize(
    ("changed", "claim"),
    [
        ({"sngan.yaml": 9.0}, "Tuned GANs lie near each other"),
        ({"vae": 1.0}, "GANs are better than the VAE"),
        ({"iwae": 90.6}, "Five importance samples"),
        ({"kl": 30}, "A higher β"),
        ({"ae": 3.0}, "A plain autoencoder"),
        ({"modes": 899}, "WGAN-GP keeps the modes"),
    ],
)
def test_it_does_not_where_they_do_not(
    changed: dict[str, float] | dict[str, int], claim: str
) -> None:
    broken = [line for line in decided(**changed) if "Does not hold" in line]
    assert len(broken) == 1
    assert broken[0].startswith(f"- **{claim}")


@pytest.mark.parametrize(
    ("changed", "claim"),
    [
        ({"vae_last": 0.9}, "GANs are better than the VAE"),
        ({"vae": 0.9, "vae_last": 2.0}, "GANs are better than the VAE"),
        ({"short_last": 0.1}, "A plain autoencoder"),
    ],
)
def test_a_claim_about_families_holds_by_last_weights_too(
    changed: dict[str, float], claim: str
) -> None:
    (line,) = [line for line in decided(**changed) if "Depends on weight averaging: " in line]
    assert line.startswith(f"- **{claim}")


def test_one_seed_has_no_spread() -> None:
    entries = measured()
    for entry in entries:
        entry["seeds"] = entry["seeds"][:1]
    lines = lessons.lessons(lessons.Results(entries, REPORT))
    (spread,) = [line for line in lines if "Seeds" in line]
    assert "Not measured: `python -m studies.families train gan.yaml --budget 5m" in spread
    assert spread.endswith(" --seeds 3`.")
    assert "`python -m studies.families train wgan-gp.yaml --budget 90s" in lines[-1]
    assert lines[-1].endswith("--data stacked-mnist --seeds 3`.")
    assert "Medians of" not in lines[0]  # of one seed there is none


def test_what_nobody_measured_is_not_claimed() -> None:
    lines = lessons.lessons(lessons.Results([]))
    assert len(lines) == len(lessons.CLAIMS)
    assert all("Not measured: `" in line for line in lines)
    assert "`genmodels compare report/vae.yaml report/gan.yaml --epochs 100`" in lines[0]
