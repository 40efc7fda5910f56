"""Every setting, once. The environment variables are documented in docs/deployment.md (a test compares)."""

from pathlib import Path

from csp.constants import NONCE, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.urls import reverse_lazy

from chargebill.environment import Environment, sqlite_url

BASE_DIR = Path(__file__).resolve().parent.parent
environment = Environment()
PRODUCTION = environment.is_production
DATA_DIR = Path(environment.text("CHARGEBILL_DATA", str(BASE_DIR / "var"))).resolve()
# Set by `manage.py serve` for the processes it starts: which of its two databases they work on (core/instances.py).
INSTANCE = environment.text("CHARGEBILL_INSTANCE")
DEMO_SESSIONS = environment.whole_number("CHARGEBILL_DEMO_SESSIONS", default=20_000, minimum=0)

DEBUG = environment.flag("DEBUG", default=False)
SECRET_KEY = environment.secret_key(DATA_DIR)
ALLOWED_HOSTS = environment.allowed_hosts()
# What stands before /p/... in the codes drivers scan.
PUBLIC_URL = environment.public_url()
# Addresses of our own proxies: past them the address a client has is read from X-Forwarded-For.
TRUSTED_PROXIES = environment.words("TRUSTED_PROXIES", default=[])
CSRF_TRUSTED_ORIGINS = environment.words("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "chargebill.core",
    "stations",
    "memberships",
    "billing",
    "disputes",
    "chargebill.analytics",
    "chargebill.portal",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "import_export",
    "django_tasks",
    "django_tasks_db",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "chargebill.portal.site.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    # Nobody looked at the body until here: the token of a form is looked for after it.
    "chargebill.portal.upload_limit.UploadLimit",
]

ROOT_URLCONF = "chargebill.urls"
WSGI_APPLICATION = "chargebill.wsgi.application"
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
            ],
        },
    }
]

DATABASES = {"default": environment.database(default=sqlite_url(DATA_DIR / "chargebill.sqlite3"))}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE takes the write lock where a transaction begins, so two writers wait instead of failing half-way.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # Checkpoints every 64 MB instead of 4: an import changes the same index pages many times over.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;"
        " PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=16384;",
    }
else:
    DATABASES["default"].setdefault("CONN_MAX_AGE", 300)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "core.User"
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# The portal speaks English only, whatever the browser asks for: no page in two languages.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
TIME_ZONE = "UTC"
USE_TZ = True
USE_THOUSAND_SEPARATOR = True
FORMAT_MODULE_PATH = ["chargebill.portal.formats"]

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = environment.text("STATIC_ROOT", str(DATA_DIR / "static"))
MEDIA_ROOT = environment.text("MEDIA_ROOT", str(DATA_DIR / "files"))
# Mail only leaves where somebody said so: EMAIL_BACKEND, EMAIL_HOST and the others.
globals().update(environment.email(DATA_DIR / "mail"))
# Drivers' answers are read from a mailbox, or from a folder where none is named.
INBOX_URL = environment.inbox_url()
INBOX_FOLDER = DATA_DIR / "mail" / "in"
# The private halves of the keys that closed months are signed with (billing/signing.py).
SIGNING_KEYS = Path(environment.text("SIGNING_KEYS", str(DATA_DIR / "keys")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if environment.is_production
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
# Development serves assets straight from the packages: nothing to collect before the first start.
WHITENOISE_USE_FINDERS = not environment.is_production
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 3600

# Pages kept until the data change (portal/kept_pages.py), per process. While templates are edited nothing is kept.
CACHES = {
    "default": {
        "BACKEND": f"django.core.cache.backends.{'dummy.DummyCache' if DEBUG else 'locmem.LocMemCache'}",
        "OPTIONS": {"MAX_ENTRIES": 200},
    }
}

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# A job whose worker has not been heard of for so long is taken over by another worker.
JOB_HEARTBEAT_TIMEOUT_S = environment.whole_number("JOB_HEARTBEAT_TIMEOUT_S", default=60)
# What an upload may grow to once unpacked, and how long one line of it may be.
IMPORT_MAX_BYTES = environment.whole_number("IMPORT_MAX_BYTES", default=2 * 1024**3)
IMPORT_MAX_LINE_BYTES = environment.whole_number("IMPORT_MAX_LINE_BYTES", default=1024**2)
# How many requests an API token may make in a minute, over all processes together.
API_RATE = environment.whole_number("API_RATE", default=600)
# Payment gateways beside the offline one, by the path of their class.
GATEWAYS = environment.words("GATEWAYS", default=[])
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
DATA_UPLOAD_MAX_NUMBER_FILES = 20
# Each goes to a file of its own while it comes in: no upload is held in memory.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]

SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
# Each instance keeps its own sign-in, so going to the company and back to the demo signs nobody out.
SESSION_COOKIE_NAME = f"sessionid_{INSTANCE}" if INSTANCE else "sessionid"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
if environment.is_production:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = environment.flag("HTTPS", default=True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        # The theme's Alpine evaluates expressions found in attributes, and sets styles inline.
        "script-src": [SELF, UNSAFE_EVAL, NONCE],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "frame-ancestors": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "object-src": [NONE],
    }
}

LOG_LEVEL = environment.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), default="WARNING")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    # Standard output belongs to commands: they print one JSON object there, alone.
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    # It warns of every ordinary stop.
    "loggers": {"django_tasks_db": {"level": "ERROR"}},
}

from chargebill.portal.api.documentation import REST_FRAMEWORK, SPECTACULAR_SETTINGS  # noqa: E402,F401
from chargebill.portal.theme import UNFOLD  # noqa: E402,F401  the portal's look and navigation
