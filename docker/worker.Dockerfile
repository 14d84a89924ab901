# syntax=docker/dockerfile:1
# A worker for machines without a GPU. Build from the repository's root.
# TORCH_INDEX: PyTorch's CPU wheel index. Left empty, PyPI's build is taken, which brings CUDA along.

FROM python:3.12-slim-bookworm AS packages
ARG TORCH_INDEX=""
WORKDIR /build
COPY requirements.txt constraints.txt ./
RUN sed '/^# embedded services/,$d' requirements.txt > worker.txt \
    && python -m venv /venv \
    && PIP_EXTRA_INDEX_URL="$TORCH_INDEX" \
       /venv/bin/pip install --no-cache-dir --disable-pip-version-check -r worker.txt -c constraints.txt

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/espalier --create-home espalier
COPY --from=packages /venv /venv
WORKDIR /srv/espalier
COPY manage.py ./
COPY app/ app/
COPY search/ search/
# A switch, no secret: hadolint takes every TOKEN for one.
# hadolint ignore=DL3064
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TOKENIZERS_PARALLELISM=false \
    DJANGO_SETTINGS_MODULE=app.config.settings \
    ESPALIER_HOME=/var/lib/espalier
USER 10001
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-m", "app.config.heartbeat"]
# The worker gives its runs back within five seconds of SIGTERM.
STOPSIGNAL SIGTERM
CMD ["celery", "-A", "app.config.celery:celery", "worker", "--pool=threads", "--queues=interactive,batch", "--loglevel=INFO", "--without-gossip", "--without-mingle"]
