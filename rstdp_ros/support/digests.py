"""The digests by which networks, libraries and efforts are known, and their short form."""

# Enough of a SHA-256 to tell the networks of a run apart at a glance and by machine.
SHORT_DIGEST = 16


def short(digest: str) -> str:
    """Return the beginning of a digest, by which people and rasters name a network."""
    return digest[:SHORT_DIGEST]
