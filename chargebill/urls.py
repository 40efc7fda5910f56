from django.contrib import admin
from django.urls import path

from chargebill.portal import company

# The portal answers everything else, so it comes last.
urlpatterns = [*company.urlpatterns, path("", admin.site.urls)]
