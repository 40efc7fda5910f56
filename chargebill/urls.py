from django.contrib import admin
from django.urls import include, path

from chargebill.portal import company, driver_case, driver_complaint, driver_document, driver_find, price_page

# The portal answers everything else, so it comes last.
urlpatterns = [
    *company.urlpatterns,
    *price_page.urlpatterns,
    *driver_document.urlpatterns,
    *driver_complaint.urlpatterns,
    *driver_case.urlpatterns,
    *driver_find.urlpatterns,
    path("api/", include("chargebill.portal.api.urls")),
    path("", admin.site.urls),
]

handler400 = "chargebill.portal.errors.bad_request"
handler403 = "chargebill.portal.errors.forbidden"
handler404 = "chargebill.portal.errors.not_found"
