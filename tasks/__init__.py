"""How each stage is run: as a Prefect task, named, logged, retried. One file a stage."""
