"""Searches whose evaluations happen elsewhere: asked for, told, and kept in a folder."""
