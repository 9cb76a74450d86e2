"""One file per stage: a Prefect task with a name, retries, and one call into the library."""
