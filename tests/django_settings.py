"""Django keeps its settings for the whole process; applications of several tests take turns."""

# Django has no types of its own.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUntypedFunctionDecorator=false

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import django
from django.conf import settings
from django.test.utils import override_settings
from django.urls import clear_url_caches


@contextmanager
def django_settings(**values: Any) -> Generator[None]:
    """These settings hold within the context, beside as few others as there can be."""
    if not settings.configured:
        settings.configure(SECRET_KEY="of no use", MIDDLEWARE=[], USE_TZ=True, LOGGING_CONFIG=None)
        django.setup()
    with override_settings(**values):
        clear_url_caches()
        yield
    clear_url_caches()
