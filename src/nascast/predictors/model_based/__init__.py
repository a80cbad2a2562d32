"""Predictors that learn from labelled architectures."""
