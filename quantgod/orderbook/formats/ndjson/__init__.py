"""One JSON object a line: the JSON library reads any line, the compiled scanner the usual ones."""
