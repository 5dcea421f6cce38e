"""The console: its pages, what attacks them, and the command."""
