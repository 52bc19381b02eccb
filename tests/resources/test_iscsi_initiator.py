"""The initiator's device can be looked at and nothing else."""

import pytest

from remediate.resources.base import resource_type
from remediate.resources.iscsi_initiator import IscsiInitiator

RECORD = {"device": "ROOT\\ISCSIPRT\\0000", "error_code": 28}


def test_it_is_found_by_its_kind_and_named_by_its_device() -> None:
    assert resource_type("iscsi_initiator") is IscsiInitiator
    assert IscsiInitiator.model_validate(RECORD).title == "iSCSI initiator ROOT\\ISCSIPRT\\0000"


def test_nothing_of_it_can_be_set() -> None:
    with pytest.raises(ValueError, match="no settable property"):
        IscsiInitiator.model_validate(RECORD).should(error_code=0)
