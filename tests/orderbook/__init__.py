"""Tests of the orderbook room."""
