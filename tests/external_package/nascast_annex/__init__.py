"""Four components for nascast in a package of their own."""
