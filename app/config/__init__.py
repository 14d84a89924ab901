"""Settings, ASGI, URLs and Celery. Everything a deployment can change comes from the environment."""
