"""Prefect machinery: the process pool, servers, and what Prefect records."""
