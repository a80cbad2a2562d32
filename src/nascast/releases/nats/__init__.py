"""The files that NATS-Bench and NAS-Bench-201 have in common."""
