"""Evaluation of runs: features, metrics and the protocol."""
