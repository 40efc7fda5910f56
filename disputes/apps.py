from django.apps import AppConfig


class DisputesConfig(AppConfig):
    name = "disputes"
    verbose_name = "Disputes"

    def ready(self) -> None:
        # Registers what every worker does about the clocks and the mail of cases, and about inquiries of acquirers.
        from disputes.operations import chargebacks, clock_steps, mail_steps  # noqa: F401
