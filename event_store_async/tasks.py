"""Tasks that run side by side."""


def first_error(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error that ended a group of tasks: callers meet one, as they would of a call."""
    first = errors.exceptions[0]
    return first_error(first) if isinstance(first, BaseExceptionGroup) else first
