"""The logic: messages → book → samples → bars → features → checks. No Prefect, no files."""
