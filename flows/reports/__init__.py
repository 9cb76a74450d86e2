"""Reports of a run: its results, artifacts in Prefect, the console."""
