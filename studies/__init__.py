"""Studies of quality: what makes docs/results, the models page, the report and the study."""
