"""For all tests: Ctrl-C reaches the processes that they start, and JAX compiles as fast as it can."""

import os
import signal

# A script's background jobs ignore it, and all that they start with them, the programs under test too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# What is computed is the same. To optimise a program takes longer than to run it as seldom as a test does.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
