"""Lists that packages register by themselves and that have no place here: roles are declared, tasks are jobs."""

import django.contrib.auth.admin  # noqa: F401  registers Group
import django_tasks_db.admin  # noqa: F401  registers DBTaskResult
from django.contrib import admin
from django.contrib.auth.models import Group
from django_tasks_db.models import DBTaskResult

for model in (Group, DBTaskResult):
    admin.site.unregister(model)
