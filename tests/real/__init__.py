"""Tests of the real room."""
