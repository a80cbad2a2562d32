"""Gaussian processes by GPyTorch, which takes long to import: predictors import them when used."""

import warnings

with warnings.catch_warnings():  # it scripts functions, which PyTorch has deprecated since
    warnings.simplefilter("ignore", DeprecationWarning)
    import gpytorch  # noqa: F401
