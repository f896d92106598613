"""``modiste serve``, whose workers block their event loop for an hour when they get SIGUSR1."""

import signal
import time

# A spawned worker imports this module too.
signal.signal(signal.SIGUSR1, lambda *_: time.sleep(3600))

if __name__ == "__main__":
    from modiste.__main__ import app

    app()
