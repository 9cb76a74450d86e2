"""Benchmarks of speed and memory: `python -m benchmarks`, or `make bench`.

README.md describes the measurements, the method and the results.
"""
