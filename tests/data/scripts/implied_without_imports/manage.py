import django.core.management
