"""Images → features: the networks whose outputs distances are measured on."""
