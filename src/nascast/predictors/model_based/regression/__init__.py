"""Neural networks as regressors: members side by side, losses, targets and one training loop."""
