"""The order book: two sides, each sorted or on a ladder of ticks."""
