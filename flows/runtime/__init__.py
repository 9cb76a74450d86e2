"""Prefect machinery: the launcher, the process pool, servers, and the record of a run."""
