from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "chargebill.portal"
    label = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        # Registers the kinds of jobs, for every process that may run one.
        from chargebill import case_execution, pipeline  # noqa: F401
