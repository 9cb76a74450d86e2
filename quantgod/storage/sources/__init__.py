"""Where archives come from."""
