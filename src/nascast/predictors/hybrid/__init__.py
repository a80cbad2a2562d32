"""Predictors that learn from labels and from features of several families."""
