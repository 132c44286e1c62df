"""Feature extractors: the networks on whose outputs sets of images are compared."""
