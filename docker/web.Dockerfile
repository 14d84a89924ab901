# syntax=docker/dockerfile:1
# The web server. Build from the repository's root: docker build -f docker/web.Dockerfile -t espalier-web .

FROM node:24-bookworm-slim AS frontend
WORKDIR /build/frontend
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY frontend/ ./
RUN npm run build

FROM python:3.12-slim-bookworm AS packages
WORKDIR /build
COPY requirements.txt constraints.txt ./
# The web process never imports torch, and its image does not carry it.
RUN sed '/^# models:/,$d' requirements.txt > web.txt \
    && python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check -r web.txt -c constraints.txt

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/espalier --create-home espalier
COPY --from=packages /venv /venv
WORKDIR /srv/espalier
COPY manage.py ./
COPY app/ app/
COPY search/ search/
COPY templates/ templates/
COPY --from=frontend /build/frontend/dist frontend/dist
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=app.config.settings \
    ESPALIER_HOME=/var/lib/espalier \
    STATIC_ROOT=/srv/static
RUN SECRET_KEY=build python manage.py collectstatic --noinput --verbosity 0
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:8000/api/v1/health', headers={'Host': __import__('os').environ.get('ALLOWED_HOSTS', 'localhost').split(',')[0]}), timeout=4)"]
CMD ["uvicorn", "app.config.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--ws", "websockets-sansio", "--no-access-log", "--no-server-header", "--lifespan", "off", "--timeout-graceful-shutdown", "5"]
