"""Settings: keys, values, and where they are given."""
