"""Django settings. Values come from the environment only; docs/configuration.md lists them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from app.config.addresses import database_from_url, redis_as_broker
from app.config.env import envbool, envint, envlist, envstr
from app.config.logs import configure_structlog, logging_config

BASE_DIR = Path(__file__).resolve().parents[2]
ESPALIER_HOME = Path(envstr("ESPALIER_HOME") or BASE_DIR / "var").absolute()
# Where folders of models may lie that an admin adds by page. Those of the file of models may lie anywhere.
MODEL_FOLDERS = [Path(place).absolute() for place in envlist("ESPALIER_MODEL_FOLDERS")] or [ESPALIER_HOME / "models"]

# --- who may talk to us ------------------------------------------------------------------------------------------
DEBUG = envbool("DEBUG", False)
SECRET_KEY = envstr("SECRET_KEY")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY (or SECRET_KEY_FILE) is not set. `make run` makes one by itself.")
SITE_URL = envstr("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = envlist("ALLOWED_HOSTS") or [urlsplit(SITE_URL).hostname or "127.0.0.1"]
CSRF_TRUSTED_ORIGINS = envlist("CSRF_TRUSTED_ORIGINS")

# Secure by default; `make run` speaks plain http on the loopback interface and turns these off.
_https = envbool("HTTPS", SITE_URL.startswith("https://"))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# Cookies are shared by all ports of a host: names of our own keep two local applications apart.
SESSION_COOKIE_NAME = envstr("SESSION_COOKIE_NAME", "espalier_session")
CSRF_COOKIE_NAME = envstr("CSRF_COOKIE_NAME", "espalier_csrf")
SECURE_SSL_REDIRECT = envbool("SECURE_SSL_REDIRECT", False)
SECURE_HSTS_SECONDS = envint("SECURE_HSTS_SECONDS", 0)
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"  # a login or share token in an address must not leak to other sites
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if envbool("BEHIND_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
DATA_UPLOAD_MAX_MEMORY_SIZE = envint("MAX_REQUEST_BYTES", 4 * 1024 * 1024)
MAX_IMPORT_BYTES = envint("MAX_IMPORT_BYTES", 1024 * 1024 * 1024)

# --- the application ---------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "channels",
    "app.teams",
    "app.registry",
    "app.explorer",
    "app.experiments",
    "app.annotation",
    "app.live",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "app.config.csp.content_security_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "app.config.urls"
ASGI_APPLICATION = "app.config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_USER_MODEL = "teams.User"
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

# --- static files: Vite writes hashed names, WhiteNoise serves them -----------------------------------------------
FRONTEND_DIST = BASE_DIR / "frontend" / "dist"
VITE_MANIFEST = FRONTEND_DIST / ".vite" / "manifest.json"
STATIC_URL = "/static/"
STATIC_ROOT = Path(envstr("STATIC_ROOT") or BASE_DIR / "build" / "static")
STATICFILES_DIRS = [FRONTEND_DIST] if FRONTEND_DIST.is_dir() else []
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
MEDIA_ROOT = ESPALIER_HOME / "media"
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG
# Vite writes a hash into each name under assets/: browsers may keep those files for good.
WHITENOISE_IMMUTABLE_FILE_TEST = r"/assets/.+-[\w-]{8}\.\w+$"

# --- PostgreSQL, Redis, Celery -----------------------------------------------------------------------------------
REDIS_URL = envstr("REDIS_URL", "redis://127.0.0.1:6379/0")
DATABASE_POOL_SIZE = envint("DATABASE_POOL_SIZE", 20)
DATABASES = {
    "default": database_from_url(
        envstr("DATABASE_URL", "postgresql://espalier@127.0.0.1:5432/espalier"), pool_size=DATABASE_POOL_SIZE
    )
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {
            # Waiting for a message blocks for five seconds at a time, just as long as redis-py 8's own socket timeout:
            # with that one every quiet websocket would end in a TimeoutError.
            "hosts": [{"address": REDIS_URL, "socket_timeout": None}],
            # Announcements may be lost by design (viewers ask PostgreSQL): a full channel drops instead of blocking.
            "capacity": 500,
            "expiry": 30,
            "prefix": "espalier",
        },
    }
}
CELERY_BROKER_URL = envstr("BROKER_URL") or redis_as_broker(REDIS_URL)
CELERY_WORKER_POOL = "threads"  # tasks only hand a coroutine to the worker's event loop and wait
CELERY_WORKER_CONCURRENCY = envint("WORKER_CONCURRENCY", 16)
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_ACKS_LATE = False  # a message is a doorbell; PostgreSQL says what must run
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = CELERY_TASK_DEFAULT_ROUTING_KEY = "interactive"
CELERY_TASK_DEFAULT_EXCHANGE = "espalier"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # Redis may be away for as long as it takes
CELERY_BROKER_TRANSPORT_OPTIONS = {"queue_order_strategy": "priority"} if CELERY_BROKER_URL.startswith("redis") else {}

# --- logs --------------------------------------------------------------------------------------------------------
configure_structlog()
LOGGING = logging_config(level=envstr("LOG_LEVEL", "INFO").upper(), as_json=envstr("LOG_FORMAT") == "json")
