"""Tests of the synthetic room."""
