"""What happens inside a Celery worker: one event loop, a lease per run, and the searches themselves."""
