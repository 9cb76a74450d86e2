"""Tests, and what they lean on: the slow twin and the generated streams."""
