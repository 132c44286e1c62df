"""Metrics: functions from features, images and models to numbers."""
