"""What a gateway may make of an answer: every legal form gives the same lake, byte for byte."""

from __future__ import annotations

import pytest

from connector.errors import ProtocolError
from connector.sandbox.encodings import HOW
from tests.lakes import data_files, objects, run, sandbox, truth, world


@pytest.mark.parametrize("fault", ["non-authoritative", *(f"encoded:how={how}" for how in HOW if how != "bomb")])
def test_every_legal_form_of_an_answer_gives_the_same_lake(tmp_path, fault):
    with sandbox(world(500)) as stripe_:
        run(tmp_path / "plain", stripe_)
        stripe_.faults.add(fault)
        report = run(tmp_path / "other", stripe_)
        assert report.requests.statuses == {"203" if fault == "non-authoritative" else "200": report.requests.total}
        assert objects(tmp_path / "other") == truth(stripe_)
        assert data_files(tmp_path / "other") == data_files(tmp_path / "plain")


def test_a_small_body_that_unfolds_without_end_is_an_error_and_nothing_of_it_is_kept(tmp_path):
    with sandbox(world(500), faults=["encoded:how=bomb,k=3"]) as stripe_:
        with pytest.raises(ProtocolError, match="more than"):
            run(tmp_path, stripe_)
        stripe_.faults.clear()
        run(tmp_path, stripe_)
        assert objects(tmp_path) == truth(stripe_)
