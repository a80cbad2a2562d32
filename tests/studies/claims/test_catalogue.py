"""The claims of the ledger."""

import pickle
import re
from multiprocessing.reduction import ForkingPickler

import pytest

from nascast.core.errors import UnknownComponentError
from nascast.studies.claims.catalogue import CLAIMS, named
from nascast.studies.claims.claim import Scale


def test_every_claim_says_what_where_and_how() -> None:
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS)
    for claim in CLAIMS:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", claim.name)
        assert re.search(r"https://\S+\.\S+", claim.source)
        assert claim.statement.endswith(".")
        assert claim.protocol.endswith(".")
        assert claim.seconds > 0
        for plan in claim.studies:
            assert plan(Scale(3, 7)).trials >= 2
            assert plan(Scale(3, 7)).seed == 7


def test_claims_are_named_in_the_order_of_the_ledger() -> None:
    assert named([]) == list(CLAIMS)
    assert [c.name for c in named(["unique_networks", "rankings-transfer"])] == [
        "rankings-transfer",
        "unique-networks",
    ]
    with pytest.raises(UnknownComponentError, match="unique-networks"):
        named(["unique"])


def test_comparisons_keep_their_names_in_a_worker() -> None:
    sent = pickle.loads(bytes(ForkingPickler.dumps(CLAIMS)))
    names = [[plan.__name__ for plan in claim.studies] for claim in sent]
    assert names == [[plan.__name__ for plan in claim.studies] for claim in CLAIMS]
