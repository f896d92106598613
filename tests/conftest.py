"""For all tests: Ctrl-C reaches the processes that they start."""

import signal

# A script's background jobs ignore it, and all that they start with them, the programs under test too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
