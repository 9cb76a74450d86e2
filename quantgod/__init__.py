"""Archives of order-book messages to bars: all that needs no Prefect."""
