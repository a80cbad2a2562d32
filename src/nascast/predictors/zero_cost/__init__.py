"""Predictors that join several zero-cost proxies without labels."""
