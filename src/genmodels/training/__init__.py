"""The shared trainer: one loop over the phases of any model."""
