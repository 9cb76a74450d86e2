"""Archives, their members, and the text of a member."""
