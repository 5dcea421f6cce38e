"""Tests that `tools.versions` copies into a project of its own and runs there."""
