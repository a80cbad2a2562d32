"""All claims of the ledger."""

from nascast.core.errors import UnknownComponentError
from nascast.studies.claims import (
    controllers,
    later,
    searches,
    study_2021,
    tables,
    trained,
    untrained,
)
from nascast.studies.claims.claim import Claim

__all__ = ["CLAIMS", "named"]

CLAIMS: tuple[Claim, ...] = (
    *study_2021.CLAIMS,
    *untrained.CLAIMS,
    *trained.CLAIMS,
    *controllers.CLAIMS,
    *searches.CLAIMS,
    *later.CLAIMS,
    *tables.CLAIMS,
)


def named(names: list[str]) -> list[Claim]:
    """Returns the claims of these names in the order of the ledger; all for no names.

    Raises:
        UnknownComponentError: a claim is not in the ledger; the message lists those that are.
    """
    wanted = [name.replace("_", "-") for name in names]
    known = {claim.name for claim in CLAIMS}
    if unknown := [name for name in wanted if name not in known]:
        raise UnknownComponentError(
            f"no claim is called {unknown[0]!r}; known are {', '.join(sorted(known))}"
        )
    return [claim for claim in CLAIMS if not wanted or claim.name in wanted]
