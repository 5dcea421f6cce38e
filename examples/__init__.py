"""Programs that use the library, to be read and run; each is run by the tests."""
