"""Order book: two sides, each in sorted arrays or on a ladder of ticks."""
