"""Predictors that train nothing."""
