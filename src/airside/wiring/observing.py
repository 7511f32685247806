"""What watches a running server: the listeners' counts, and, where the settings name a port for it, `/metrics`."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from airside.wiring.build import Services
from airside.wiring.internal import Internal, internal
from airside.wiring.metrics import Sources, exposition
from airside.wiring.pulse import Pulse
from airside.wiring.requests import Requests
from airside.wiring.settings import Settings
from airside.wiring.survey import Survey, Tenants


@dataclass(frozen=True)
class Observing:
    """`requests` for the listeners; the rest is None where nobody is to be shown anything."""

    requests: Requests
    internal: Internal | None = None
    pulse: Pulse | None = None
    survey: Survey | None = None

    def tasks(self, tenants: Tenants) -> list[asyncio.Task[None]]:
        """What runs for as long as the server does."""
        running: dict[str, Coroutine[Any, Any, None]] = {}
        if self.pulse is not None and self.survey is not None:
            running = {"pulse": self.pulse.run(), "survey": self.survey.run(tenants)}
        return [asyncio.create_task(each, name=name) for name, each in running.items()]


def observing(services: Services, settings: Settings) -> Observing:
    """As `settings` say, nothing running yet."""
    requests = Requests(clock=services.clock, log=settings.access_log)
    if settings.metrics_port is None:
        return Observing(requests)
    pulse, survey = Pulse(engine=services.engine, clock=services.clock), Survey(services)
    told = exposition(Sources(services, requests, pulse, survey))
    inside = internal(told, host=settings.metrics_host, port=settings.metrics_port)
    return Observing(requests, inside, pulse, survey)
