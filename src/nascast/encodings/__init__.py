"""Architectures as rows of numbers, one file for each encoding."""
