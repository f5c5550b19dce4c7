INSTALLED_APPS = ["storages", "rest_framework", "axes"]
