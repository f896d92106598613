"""Everything that is not hot: ordinary FastAPI routers."""
