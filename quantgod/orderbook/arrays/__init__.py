"""Arrays: shared with Arrow, in recycled memory, and compiled functions over them."""
