"""How fast the pipeline is, and how much memory it takes: `python -m benchmarks`, or `make bench`.

README.md tells what is measured, how, and what came of it.
"""
