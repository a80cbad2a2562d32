"""Predictors that read the first epochs of a training."""
