"""Passes through an untrained network, each made once and timed, which proxies reduce."""

from nascast.proxies.passes.passes import Passes, once

__all__ = ["Passes", "once"]
