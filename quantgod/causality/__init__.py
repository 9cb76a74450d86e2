"""The causality check: no row depends on a later message."""
