"""What the server has counted, as Prometheus reads it."""
