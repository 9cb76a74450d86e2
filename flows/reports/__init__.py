"""What a run reports: the run report, artifacts, the console."""
