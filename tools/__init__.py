"""Tools for developing the library; they are not shipped."""
