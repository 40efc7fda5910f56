"""Where a request comes from, as far as it can be believed."""

from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The address that limits count by; an IPv6 network of 64 bits is one, for a household has all of it.

    What a client writes into X-Forwarded-For counts for nothing: it is read from its end, and only past addresses that are
    named as proxies of our own (TRUSTED_PROXIES).
    """
    hops = [request.META.get("REMOTE_ADDR", ""), *reversed(request.headers.get("X-Forwarded-For", "").split(","))]
    trusted = set(settings.TRUSTED_PROXIES)
    found = hops[0]
    for hop, before in zip((one.strip() for one in hops), (one.strip() for one in hops[1:]), strict=False):
        if hop not in trusted or not _is_address(before):
            break
        found = before
    return _counted(found)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _counted(address: str) -> str:
    if not _is_address(address):
        return ""
    if ip_address(address).version == 6:
        return str(ip_network(f"{address.partition('%')[0]}/64", strict=False))
    return address
