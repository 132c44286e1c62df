"""Comparison of several models under one protocol: training, evaluation and verdicts."""
