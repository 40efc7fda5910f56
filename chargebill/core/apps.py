from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "chargebill.core"
    label = "core"
    verbose_name = "Company and access"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate, pre_migrate

        from chargebill.core import data_version, frozen
        from chargebill.core.roles import sync_roles

        post_migrate.connect(sync_roles, dispatch_uid="core.sync_roles")
        pre_migrate.connect(frozen.before_migrate, dispatch_uid="core.frozen.before")
        post_migrate.connect(frozen.after_migrate, dispatch_uid="core.frozen.after")
        post_migrate.connect(data_version.install, sender=self, dispatch_uid="core.data_version")
