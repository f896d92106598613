"""Files and folders that other processes may look at, hold or kill."""
