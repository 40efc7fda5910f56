"""Tells a person which background job their change started."""

from django.contrib import messages
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from chargebill.core.models import Job


def say_started(request: HttpRequest, what: str, job: Job) -> None:
    """``what`` is a sentence; a link to the job's progress follows it."""
    said = render_to_string("portal/parts/job_started.html", {"what": what, "job": job})
    messages.success(request, SafeString(said.strip()))
