"""The projection runner of the package eventsourcing, for deliveries: a process of its own."""

from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import DomainEvent
from eventsourcing.persistence import InfrastructureFactory, Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.utils import Environment, register_topic

from .eventsourcing_postgres import environment
from .followers import READY, handled, say
from .protocol import Options, parse_options
from .recorders import APPLICATION, TOPIC


class Bench(Application[UUID]):  # type: ignore[misc]
    """The application whose events the peer stores."""

    name = APPLICATION


class Arrivals(Projection[PostgresTrackingRecorder]):  # type: ignore[misc]
    """Handles an event, and records how far it is, in a transaction of its own."""

    name = "arrivals"
    topics = (TOPIC,)

    def process_event(self, domain_event: Any, tracking: Any) -> None:
        """Say that an event was handled; its attributes are the payload."""
        handled(vars(domain_event))
        self.view.insert_tracking(tracking)


def follow(options: Options) -> None:
    """Run the projection from the last event on, until the process is ended."""
    register_topic(TOPIC, DomainEvent)
    settings = environment(options.port)
    _begin_at_the_end(settings)
    with ProjectionRunner(
        application_class=Bench,
        projection_class=Arrivals,
        view_class=PostgresTrackingRecorder,
        env=settings,
    ) as runner:
        say(READY)
        runner.run_forever()


def _begin_at_the_end(settings: dict[str, str]) -> None:
    # A runner begins after the last event that its view has recorded.
    with Bench(settings) as application:
        last = application.recorder.max_notification_id()
    factory = InfrastructureFactory.construct(Environment(Arrivals.name, settings))
    view = factory.tracking_recorder(PostgresTrackingRecorder)
    if last != view.max_tracking_id(Bench.name):
        view.insert_tracking(Tracking(Bench.name, last))
    factory.close()


if __name__ == "__main__":
    follow(parse_options())
