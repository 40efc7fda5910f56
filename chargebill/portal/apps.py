from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "chargebill.portal"
    label = "portal"
    verbose_name = "Portal"
