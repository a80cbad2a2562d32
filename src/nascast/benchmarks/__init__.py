"""Recorded trainings, one file for each benchmark or format."""
