"""Imported first by the server from which workers are forked, so that it can be forked.

A process with threads must not be forked, and numerical libraries start theirs when they are
imported; and Ctrl-C is for the process that owns the workers.
"""

import signal

from nascast.core.threads import hold_to_one_thread

signal.signal(signal.SIGINT, signal.SIG_IGN)  # workers inherit it
hold_to_one_thread()
