"""The public price page of an EVSE, /p/<evse>: what charging costs here now. No account, no script, no cookie."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import path
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import conditional_page, require_safe

from chargebill.core.models import Installation
from chargebill.portal.price_page_content import content_of
from chargebill.portal.price_page_words import NAMES, PHRASES, language_of
from stations.evse_names import evse_named

# How long a browser or a proxy may show it again without asking, at most; never past the next change of the price.
KEPT_S = 60
LONGEST_NAME = 100


def now() -> datetime:
    """The moment the price is asked for."""
    return timezone.now()


@require_safe
@conditional_page
def price_page(request: HttpRequest, evse: str) -> HttpResponse:
    """Six queries at most, however many connectors. An unknown or ambiguous EVSE gets a page that says so, with 404."""
    asked = evse.strip("/").strip()
    # No name has unprintable characters, and PostgreSQL takes no NUL.
    found = evse_named(asked) if asked.isprintable() and 0 < len(asked) <= LONGEST_NAME else None
    language = language_of(
        asked=request.GET.get("lang", ""),
        accepted=request.headers.get("Accept-Language", ""),
        default=found.entity.language if found else "en",
    )
    phrases = PHRASES[language]
    context = {"language": language, "languages": NAMES.items(), "phrases": phrases}
    if found is None:
        context["unknown"] = phrases["unknown"].format(evse=asked[:LONGEST_NAME])
        response = HttpResponse(render_to_string("portal/price_page/unknown.html", context, request), status=404)
        return _kept(response, 0)
    connectors = list(found.connectors.order_by("number", "pk"))
    content = content_of(found, connectors, at=now(), language=language)
    context |= {
        "evse": found,
        "location": found.location,
        "operator": found.entity,
        "content": content,
        "is_demo": Installation.objects.filter(is_demo=True).exists(),
    }
    response = HttpResponse(render_to_string("portal/price_page/page.html", context, request))
    return _kept(response, min(KEPT_S, content.good_for_s))


def _kept(response: HttpResponse, seconds: int) -> HttpResponse:
    patch_cache_control(response, public=True, max_age=seconds)
    patch_vary_headers(response, ["Accept-Language"])
    return response


urlpatterns = [path("p/<path:evse>", price_page, name="price_page")]
