"""The flow and its phases, in order."""
