"""Tests, the slow twin that they compare with, and the generated streams that they read."""
