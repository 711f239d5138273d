"""What can stop a run. Every message says what, where, which value, and how to mend it."""

from __future__ import annotations

from .messages import told


class EcoAssetsError(Exception):
    """Something that stops a run and that the user can mend. Its text may be a `Message`."""

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))

    def told(self, language: str) -> str:
        """What it says, in a language as far as it is known; several texts on lines of their own."""
        return "\n".join(told(text, language) for text in self.args)


class InputError(EcoAssetsError):
    """A parameter, a file or a value that cannot be used."""


class GridError(InputError):
    """A raster that does not fit the reference grid."""


class TableError(InputError):
    """A table that lacks a column, holds text for a number, or misses a code."""


class OutputError(EcoAssetsError):
    """A result that cannot be written."""


class ClusterError(EcoAssetsError):
    """A cluster that cannot be used."""


class Cancelled(Exception):
    """The user asked to stop. Not an error: nothing is reported, nothing is kept."""
