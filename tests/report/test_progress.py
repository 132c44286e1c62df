"""The line of progress loses only its details where the terminal is narrow."""

import io
import time

import pytest
from rich.console import Console

from genmodels.console import Display

LOSSES = {"discriminator": 1.091, "generator": 0.9876}


def display_of(width: int) -> Display:
    display = Display()
    display.console = Console(file=io.StringIO(), force_terminal=True, width=width)
    return display


def shown(display: Display) -> str:
    """Return what the bar shows, without colours."""
    assert display.bar is not None
    plain = Console(file=io.StringIO(), width=display.console.width)
    plain.print(display.bar.get_renderable())
    display.close()
    assert isinstance(plain.file, io.StringIO)
    return plain.file.getvalue()


@pytest.mark.parametrize(
    ("width", "losses"),
    # At 80 columns the bar has 10 characters and the note begins at column 29: 52 for it. It has
    # 35, the first loss two and 19 more, so 56; at 120 columns the bar has 15 and 87 are left.
    [(70, 0), (80, 0), (84, 1), (120, 2)],
)
def test_losses_give_way(width: int, losses: int) -> None:
    display = display_of(width)
    display.training(1.0, 1178, 449.0, 0.0, LOSSES)
    text = shown(display)
    assert text.count("\n") == 1
    assert "training" in text
    assert "100 %  " not in text
    assert "100 % step" in text
    assert "step 1,178  449 images/s  0s left" in text
    assert "…" not in text
    named = [f"{name} {value:.4g}" for name, value in LOSSES.items()]
    assert [loss in text for loss in named] == [at < losses for at in range(2)]


def test_the_longest_line_of_a_study_fits_80_columns() -> None:
    display = display_of(80)
    note = "10,000 of 10,000 images  12m34s left for this run"
    display.advance("comparing", 0.5, 1, note, ["comparison/runs/gan-1"])
    text = shown(display)
    assert text.count("\n") == 1
    assert " 50 % " + note in text


def test_a_note_that_is_too_long_is_wrapped() -> None:
    display = display_of(50)
    display.training(0.5, 1_234_567, 12_345.0, 3600.0, LOSSES)
    text = shown(display)
    assert " 50 % " in text
    assert "…" not in text
    assert "discriminator" not in text
    for part in ("1,234,567", "12,345", "images/s", "1h00m", "left"):
        assert part in text


def test_lines_have_all_details(capsys: pytest.CaptureFixture[str]) -> None:
    Display().training(1.0, 1178, 449.0, 0.0, LOSSES)
    line = (
        "training 100 %  step 1,178  449 images/s  0s left  discriminator 1.091  generator 0.9876"
    )
    assert capsys.readouterr().err == line + "\n"


def test_a_line_of_progress_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    display = Display()
    for done in (5, 10, 10):
        display.advance("replaying", done, 10)
    assert capsys.readouterr().err.split() == ["replaying", "50", "%", "replaying", "100", "%"]


def test_what_is_read_has_a_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    display = Display()
    for step in (50, 150, 250):
        display.reading("training the features of this data set", step, 3500)
        now[0] += 20
    assert capsys.readouterr().err.splitlines() == [
        "training the features of this data set   1 %  50 of 3,500",
        "training the features of this data set   4 %  150 of 3,500  11m10s left",
        "training the features of this data set   7 %  250 of 3,500  10m50s left",
    ]
