"""
Tries the package with other versions of what it depends on, and with other Pythons.

``python -m tools.versions lowest`` installs the lowest declared version of every dependency of the
package and of its extras into a throw-away environment, and ``newest`` the newest that the registry
has. ``pythons`` tries each Python from 3.11 on that it finds.

    bounds        the lowest versions, read from pyproject.toml
    interpreters  the Pythons of this machine
    trial         a throw-away environment, and what is run in it
    project       the tests that are run in it, as in a user's own project
"""
