from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "chargebill.core"
    label = "core"
    verbose_name = "Company and access"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from chargebill.core.roles import sync_roles

        post_migrate.connect(sync_roles, dispatch_uid="core.sync_roles")
