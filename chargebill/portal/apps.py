from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "chargebill.portal"
    label = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        # Registers the kinds of jobs, for every process that may run one, and who names the driver's page of a case in mails.
        from chargebill import case_execution, incidents, pipeline  # noqa: F401
        from chargebill.portal import case_links  # noqa: F401
