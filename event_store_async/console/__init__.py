"""
The console: streams, the feed and subscriptions in a browser. It needs the extra ``console``.

`console_app` returns an ASGI application that a service mounts; the command ``event-store console``
runs one. It is built from templates on the server. It has no script, and loads nothing from another
host.

    app          the application: its routes, and what is around them
    server       runs it by itself, for the command
    console      what its pages share: the store, templates, limits

Around the pages:

    doorkeeper   headers of every answer; who may see it
    password     lets in who knows it
    forgery      tokens against forged changes
    faults       errors as pages
    budget       limits of time and of pages at once

The pages:

    overview     health, findings, rate of appends, subscriptions
    streams      the streams, one stream, one event
    feed_pages   the feed, categories, and what an event caused
    subscriptions  subscriptions, one of them, its parked streams
    changes      what operators change, each with a question first
    live         pages that go on while they are shown

What they are made of:

    doctor       the findings of the doctor, kept for a minute
    rows         events as they are shown
    payload      a payload as text with limits
    recent       the end of a feed, and places in it by number
    reasons      why a subscription is behind, in words
    samples      numbers over time
    plot         numbers over time, drawn
    parameters   what stands in an address
"""

from .app import console_app
from .doorkeeper import Authorize

__all__ = ["Authorize", "console_app"]
