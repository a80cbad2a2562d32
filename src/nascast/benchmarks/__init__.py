"""Benchmarks: recorded trainings, one module for each benchmark or format."""
