"""One price level a row: the csv module reads any row, the compiled scanner the usual ones."""
