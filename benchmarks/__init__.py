"""Speed, as ratios against named alternatives, interleaved in one process."""
