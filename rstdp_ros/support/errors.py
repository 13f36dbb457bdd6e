"""The one exception that means: the user can mend this."""

# What a process exits with when no other start can help: something that a person must mend.
EXIT_BAD_INPUT = 2


class RstdpError(ValueError):
    """
    A mistake in the input, told in one sentence that names the culprit and the remedy.

    The command line prints the sentence and exits with 2; nodes log it and go on unchanged.
    """
