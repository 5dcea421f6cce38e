"""
The smoke test of a build: wheel, sdist and editable install, each in an empty environment.

``python -m tools.smoke dist`` tests the wheel and the sdist in a folder. It first downloads their
dependencies into a wheelhouse, and then installs without an index (``PIP_NO_INDEX``), so an
undeclared dependency cannot be installed.
"""
