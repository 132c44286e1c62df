"""Sampling, encoding, reconstruction, interpolation and inversion, for any model."""

from genmodels.data.class_names import EACH
from genmodels.sampling.generation import (
    BLOCK,
    Weights,
    check_weights,
    decode,
    encode,
    labels,
    latents,
    latents_of_each,
    load_model,
    reconstruct,
    sample,
)

__all__ = [
    "BLOCK",
    "EACH",
    "Weights",
    "check_weights",
    "decode",
    "encode",
    "labels",
    "latents",
    "latents_of_each",
    "load_model",
    "reconstruct",
    "sample",
]
