"""URL and body conventions of the protocols that are spoken here, and nothing else."""
