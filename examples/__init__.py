"""Example programs that use the library; the tests run each of them."""
