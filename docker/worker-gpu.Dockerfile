# syntax=docker/dockerfile:1
# A worker with vLLM. Its pins of torch and transformers differ from ours, so the image starts from vLLM's own and adds
# only what a worker needs besides (requirements-vllm.txt). Build from the repository's root.

FROM vllm/vllm-openai:v0.32.0
RUN useradd --system --uid 10001 --home-dir /var/lib/espalier --create-home espalier
WORKDIR /srv/espalier
COPY requirements-vllm.txt ./
RUN python3 -m pip install --no-cache-dir --disable-pip-version-check -r requirements-vllm.txt
COPY manage.py ./
COPY app/ app/
COPY search/ search/
# A switch, no secret: hadolint takes every TOKEN for one.
# hadolint ignore=DL3064
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TOKENIZERS_PARALLELISM=false \
    DJANGO_SETTINGS_MODULE=app.config.settings \
    ESPALIER_HOME=/var/lib/espalier \
    HF_HOME=/var/lib/espalier/huggingface
USER 10001
HEALTHCHECK --interval=15s --timeout=10s --start-period=180s --retries=3 \
    CMD ["python3", "-m", "app.config.heartbeat"]
STOPSIGNAL SIGTERM
# The base image's entry point is vLLM's server; ours is a worker, with vLLM in its process (docs/deploy.md).
ENTRYPOINT []
CMD ["celery", "-A", "app.config.celery:celery", "worker", "--pool=threads", "--queues=interactive,batch", "--loglevel=INFO", "--without-gossip", "--without-mingle"]
