"""Supernets: networks that hold the weights of all architectures of a space."""
