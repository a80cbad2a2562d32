"""Predictors that train one supernet."""
