"""Numbers in any dress, messages in any state, and nothing that is not known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediate.diagnose.catalogue import load
from remediate.diagnose.matching import Matcher

MATCHER = Matcher(load())


def known(text: str) -> list[str]:
    return [match.entry.id for match in MATCHER.match(text) if match.known]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("0x1FC07", "activation-incomplete"),
        ("1fc07", "activation-incomplete"),
        ("130055", "activation-incomplete"),
        ("-2147024891", "access-denied"),
        ("0x80070005", "access-denied"),
        ("2147942405", "access-denied"),
        ("80070005", "access-denied"),
        ("80070005h", "access-denied"),
        ("\uff10\uff58\uff18\uff10\uff10\uff17\uff10\uff10\uff10\uff15", "access-denied"),
        ("34513", "vault-credentials-invalid"),
        ("ID: 100050", "backup-service-unreachable"),
        ("(407)", "proxy-authentication-required"),
        ("ID: 403", "vault-credentials-download-failed"),
        ("2150859174", "winrm-quota"),
        ("오류 34506", "passphrase-not-configured"),
        ("volsnap 36", "shadow-storage-low"),
        ("0x80072EE2", "internet-no-answer"),
        ("error 12002", "internet-no-answer"),
        ("0x80072EE7", "internet-name-unknown"),
        ("0x80072EFD", "internet-no-answer"),
        ("0x80072EFE", "internet-no-answer"),
        ("0x80072F8F", "internet-tls-failed"),
        ("0x80042308", "snapshot-failed"),
        ("0x80780119", "wsb-disk-space-low"),
        ("0x8007045B", "shutdown-in-progress"),
    ],
)
def test_a_number_is_known_in_any_dress(text: str, cause: str) -> None:
    assert known(text)[0] == cause


@pytest.mark.parametrize(
    "text",
    [
        *(
            "36",
            "5",
            "0",
            "",
            "   ",
            "34514",
            "0x1FC08",
            "0x1FC07F",
            "page 407",
            "34513 files copied",
        ),
        *("Job 36 finished", "we moved to building 130055", "10.0.34.513", "KB34513", "0x80070057"),
        "oracle: access is denied",
    ],
)
def test_a_number_that_only_looks_like_one_is_not(text: str) -> None:
    assert known(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "The activation did not complete successfully",
        "THE ACTIVATION  DID NOT\r\n COMPLETE   SUCCESSFULLY!",
        "the acti\nvation did not complete succes\nsfully",
        "2026-11-27 srv07 C:\\x\\y.: \u201cactivation did not complete successfully\u201d (7)",
    ],
)
def test_a_message_is_known_as_people_copy_it(text: str) -> None:
    assert known(text) == ["activation-incomplete"]


def test_a_message_that_says_the_contrary_is_not_known() -> None:
    assert known("The activation did complete successfully") == []


def test_odd_spaces_in_korean_do_not_matter() -> None:
    as_written = "다른 작업이 진행 중 이므로 작업을 시작할 수 없습니다"
    assert known(as_written) == ["duplicate-job-started"]
    assert known(as_written.replace(" ", "")) == ["duplicate-job-started"]
    assert known(" ".join(as_written)) == ["duplicate-job-started"]


def test_what_is_general_gives_way_to_what_is_closer() -> None:
    text = "was unable to access backup checksum stored in scratch location. Error 0x80070005"
    assert known(text) == ["scratch-checksum-inaccessible", "access-denied"]
    both = "unable to connect to Microsoft Azure Backup (ID: 100050) (407) Proxy Authentication"
    assert known(both)[:2] == ["proxy-authentication-required", "backup-service-unreachable"]


def test_errors_of_one_text_that_are_the_same_are_one_cause() -> None:
    assert known("SalFailedToMountVhd") == known("SalFailedToMountVhdSemaphoreTimeoutError")


def test_the_parts_of_a_score_are_told() -> None:
    [first, *_] = MATCHER.match("(ID: 34506) encryption passphrase is not correctly configured")
    assert [(part.kind, part.what) for part in first.parts] == [
        ("number", "34506"),
        (
            "message",
            "The encryption passphrase stored on this computer is not correctly configured",
        ),
    ]
    assert first.parts[0].score == 1
    assert 0.5 < first.parts[1].score < 1


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("scratch folder compressed", "scratch-folder-marked"),
        ("scratch folder access denied", "scratch-folder-denied"),
        ("too many temp files in C:\\Windows\\Temp, registration fails", "temp-folder-crowded"),
        ("Defender scanning makes cbengine high CPU", "antivirus-scans-agent"),
        ("disk full", "disk-full"),
        ("VSS 8193 CoCreateInstance. hr = 0x80070005, Access is denied", "vss-access-denied"),
    ],
)
def test_the_words_of_people_lead_to_the_closest_cause(text: str, cause: str) -> None:
    assert known(text)[0] == cause


@pytest.mark.parametrize(
    "text",
    [
        "Get-WmiObject : Access is denied. (Exception from HRESULT: 0x80070005)",
        "SQL Server: Operating system error 5(Access is denied.)",
        "Add-MpPreference : Access is denied",
        "Windows Update error 0x80070002",
        "BACKUP DATABASE is terminating abnormally. error 5(Access is denied.)",
    ],
)
def test_what_is_about_something_else_is_not_known_and_named_as_near(text: str) -> None:
    [first, *_] = MATCHER.match(text)
    assert not first.known
    assert first.entry.id in {"access-denied", "file-not-found"}


@pytest.mark.parametrize("text", ["error", "the system failed", "volume error", "disk failure"])
def test_words_that_are_in_every_message_bring_nothing_near(text: str) -> None:
    assert MATCHER.match(text) == []


def test_an_rpc_server_that_is_away_is_not_said_to_be_that_of_snapshots() -> None:
    [first, *_] = MATCHER.match("Get-WmiObject: The RPC server is unavailable")
    assert first.entry.playbooks == ()


@given(st.text(max_size=300))
def test_any_text_is_answered(text: str) -> None:
    for match in MATCHER.match(text):
        assert 0 < match.score <= 1
