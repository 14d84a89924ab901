"""Problem sets × strategies × budgets × seeds → accuracy–cost curves, in this process and without a server."""
