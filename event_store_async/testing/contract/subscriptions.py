"""
The contract of what keeps subscriptions: leases and fences, checkpoints, parked streams, operators.

Its rules have names, S1 to S13, and so have the tests.
"""

from .subscription_leases import SubscriptionLeases
from .subscription_operations import SubscriptionOperations


class SubscriptionStoreContract(SubscriptionLeases, SubscriptionOperations):
    """
    The promises of `SubscriptionStore` and `SubscriptionAdmin`, for a store that has both.

    A subclass provides the fixture ``store``: a store with a feed, whose ``subscriptions`` is a
    `Subscriptions`. It may hold the subscriptions of other tests.
    """
