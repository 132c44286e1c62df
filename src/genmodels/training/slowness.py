"""The pace of a training, and advice when it has become much slower."""

STRETCH = 5.0  # seconds of training that a rate is measured over
SLOW = 0.2  # of the best rate
SILENCE = 3600.0  # seconds of training between two messages


class Pace:
    """The rates of a training over stretches of several seconds.

    The longest part of a stretch is left out, so one pause is not taken for slowness.

    Args:
        threads: of the CPU; None for a training on another device.
    """

    def __init__(self, threads: int | None):
        self.threads = threads
        self.last: tuple[int, float] | None = None  # images and seconds at the last call
        self.parts: list[tuple[float, int]] = []  # seconds and images of the current stretch
        self.best = 0.0  # images per second
        self.silent_until = 0.0  # seconds of training

    def check(self, images: int, seconds: float) -> str:
        """Take the progress of the training into account.

        Args:
            images: that were trained on so far; fewer than before after a rollback.
            seconds: of training so far, without evaluation, figures and saves.

        Returns:
            A sentence if the stretch that ends here was much slower than the best one, at most
            one an hour; else an empty string.
        """
        before, self.last = self.last, (images, seconds)
        if before is None or images <= before[0]:
            self.parts = []
            return ""
        self.parts.append((seconds - before[1], images - before[0]))
        counted = sorted(self.parts)[:-1]
        length = sum(part for part, _ in counted)
        if length < STRETCH:
            return ""
        rate = sum(count for _, count in counted) / length
        self.parts, self.best = [], max(self.best, rate)
        if rate >= SLOW * self.best or seconds < self.silent_until:
            return ""
        self.silent_until = seconds + SILENCE
        return (
            f"training has slowed down from {self.best:,.0f} to {rate:,.0f} images/s: "
            f"{self._advice()}"
        )

    def _advice(self) -> str:
        if self.threads is None:
            return "another program may be using the device; wait for it, or choose another"
        fewer = self.threads // 2
        resume = f", or stop and resume with `threads={fewer}`" if fewer else ""
        return f"another program may be using the processor; wait for it{resume}"
