"""One loop over phases, whatever the model."""
