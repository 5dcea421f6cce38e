"""Example programs that use the library. The tests run each of them."""
