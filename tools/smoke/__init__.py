"""
What is built, tried: wheel, sdist and an editable install, each in an empty environment.

``python -m tools.smoke dist`` tries the wheel and the sdist of a folder. First, and only there,
their dependencies are fetched into a wheelhouse; then everything is installed with no index at
all (``PIP_NO_INDEX``), so nothing can come from a registry that is not declared here.
"""
