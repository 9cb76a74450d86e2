"""Tests of the causality room."""
