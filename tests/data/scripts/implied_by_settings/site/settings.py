import os

INSTALLED_APPS = ["django.contrib.admin", "rest_framework", "polls", "no_such_app"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["DB"]}}
