"""``nascast reproduce`` as a user meets it."""

import json
from collections.abc import Callable
from pathlib import Path

Cli = Callable[..., tuple[int, str, str]]


def test_a_claim_is_decided_kept_and_shown(cli: Cli, tmp_path: Path) -> None:
    words = ["reproduce", "unique-networks", "--out", tmp_path, "--workers", "1"]
    code, out, _ = cli(*words)
    assert code == 0
    assert "unique-networks: holds with a caveat" in out
    (found,) = json.loads(cli(*words, "--json")[1])
    assert found["verdict"] == "holds with a caveat"
    # 6,466 is what the paper prints; 0 is how far off the count is.
    assert found["parts"][0]["estimate"]["value"] == 0
    page = (tmp_path / "report.html").read_text()
    assert "6,466" in page
    assert "http" not in page.replace("https://arxiv.org", "").replace("http-equiv", "")


def test_claims_are_listed_and_unknown_ones_named(cli: Cli) -> None:
    code, out, _ = cli("reproduce", "--list", "--fast")
    assert code == 0
    names = {one["name"] for one in json.loads(cli("reproduce", "--list", "--json")[1])}
    assert "unique-networks" in names
    assert "unique-networks" in out
    code, _, err = cli("reproduce", "evolution-beats-random", "--fast")
    assert code == 2
    assert "leave out --fast" in err
    code, _, err = cli("reproduce", "nothing")
    assert code == 2
    assert "unique-networks" in err
