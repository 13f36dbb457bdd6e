"""The one exception that means: the user can fix this."""

# The exit code of a process that a restart cannot help: a person must fix something first.
EXIT_BAD_INPUT = 2


class RstdpError(ValueError):
    """
    A mistake in the input, described in one sentence that names the culprit and the remedy.

    The command line prints the sentence and exits with 2; nodes log it and continue unchanged.
    """
