"""The errors that an operator reads: one sentence each, in French."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing that is not as it was written down: a file, what was expected, found, what to do."""

    file: str
    expected: str
    found: str
    action: str

    @property
    def sentence(self) -> str:
        return f"{self.file} : attendu {self.expected} ; trouvé {self.found}. {self.action}"


class AccesSoinsError(Exception):
    """Root of the errors whose message is meant for a person, without a stack trace."""


class ConfigurationError(AccesSoinsError):
    """A setting, a contract or a definition of the project is wrong."""


class PortalError(AccesSoinsError):
    """A portal did not give the file: down, refused, truncated, or an HTML page in its place."""


class RefusedInput(AccesSoinsError):
    """A file breaks its contract.

    Args:
        file: name of the file as received.
        place: where in the file (« ligne 12, colonne effectif », « feuille APL 2023 »).
        expected: what the contract asks for.
        found: what the file holds there.
        action: what the operator can do.
    """

    def __init__(self, file: str, place: str, expected: str, found: str, action: str):
        self.file, self.place, self.expected = file, place, expected
        self.found, self.action = found, action
        super().__init__(f"{file}, {place} : attendu {expected} ; trouvé {found}. {action}")

    @property
    def details(self) -> dict[str, str]:
        """The parts of the sentence, as registers and acknowledgements keep them."""
        return {
            "place": self.place,
            "attendu": self.expected,
            "trouve": self.found,
            "que_faire": self.action,
        }


class CriticalCheckFailed(AccesSoinsError):
    """A critical check stopped the publication; the last version stays served."""


class BuildFailed(AccesSoinsError):
    """dbt could not build the private warehouse."""
