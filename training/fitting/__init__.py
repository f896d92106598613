"""One fit, epoch by epoch, from a stored state: what it depends on, what it keeps, when it ends."""
