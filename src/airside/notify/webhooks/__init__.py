"""Webhooks: what applications are told of, by messages to addresses that they named.

Owns endpoints with their secrets, who listens to which events, the messages (Standard Webhooks 1.0) and their delivery:
signed, at least once, in order for each subject, again for a day, then kept as dead letters. Does not own the format
(`protocols`), what events mean (`audit`), the outbox's rows (`store`), nor who may manage endpoints (`admin`).
"""

from airside.notify.webhooks.deliveries import Deliveries
from airside.notify.webhooks.endpoints import Endpoints
from airside.notify.webhooks.model import (
    MAX_PAGE,
    DeliveryState,
    Endpoint,
    EndpointChange,
    EndpointDraft,
    EndpointState,
    WebhookDelivery,
)
from airside.notify.webhooks.sending import Sending
from airside.notify.webhooks.subscribers import Subscribers

__all__ = [
    "MAX_PAGE",
    "Deliveries",
    "DeliveryState",
    "Endpoint",
    "EndpointChange",
    "EndpointDraft",
    "EndpointState",
    "Endpoints",
    "Sending",
    "Subscribers",
    "WebhookDelivery",
]
