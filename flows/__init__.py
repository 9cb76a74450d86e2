"""What runs, in which order: the flow, its settings and its command line."""
