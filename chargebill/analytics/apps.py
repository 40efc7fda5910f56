from typing import Any

from django.apps import AppConfig


def _count_anew(**signal: Any) -> None:
    # After all apps are migrated: pricing's tables are read too.
    from chargebill.analytics.operations import count_anew_if_outdated

    count_anew_if_outdated()


class AnalyticsConfig(AppConfig):
    name = "chargebill.analytics"
    label = "analytics"
    verbose_name = "Analytics"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        post_migrate.connect(_count_anew, sender=self, dispatch_uid="analytics.count_anew")
