import os

INSTALLED_APPS = ["django.contrib.admin", "rest_framework"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["DB"]}}
