"""Learning rules that are compared and not offered: experiments showed no gain."""
