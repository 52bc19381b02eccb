"""Sizes: every way to write one means the same number, and words never promise too much."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from remediate.model.size import MAX_SIZE, Size, parse_size, size_text

POWERS = {"B": 0, "KB": 1, "MB": 2, "GB": 3, "TB": 4, "PB": 5, "EB": 6}


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("10GB", 10 * 2**30),
        ("10 gb", 10 * 2**30),
        (" 320MB ", 320 * 2**20),
        ("1.5TB", 3 * 2**39),
        ("0.5KB", 512),
        ("1B", 1),
        ("512", 512),
        (512, 512),
        ("18446744073709551615", MAX_SIZE),
        ("0", 0),
    ],
)
def test_a_size_is_a_number_of_bytes(text: str | int, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "message"),
    [
        *[
            (text, "a size is written like 10GB")
            for text in ("", "ten", "10GiB", "1,5GB", "-1GB", "10%", "10G B", "1e3", "GB", "10GB;")
        ],
        *[(value, "a size is written like 10GB") for value in (-1, 1.5, True, None, ["10GB"])],
        ("٣GB", "a size is written like 10GB"),
        ("0.3KB", "whole number of bytes"),
        ("16EB", "more bytes than Windows counts to"),
        (MAX_SIZE + 1, "more bytes than Windows counts to"),
    ],
)
def test_what_is_no_size_is_refused_in_one_sentence(text: object, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        parse_size(text)
    assert "\n" not in str(error.value)
    with pytest.raises(ValidationError, match=message):
        TypeAdapter(Size).validate_python(text)


@given(st.integers(0, 2000), st.sampled_from(sorted(POWERS)))
def test_units_are_powers_of_1024(number: int, unit: str) -> None:
    size = number * 1024 ** POWERS[unit]
    if size <= MAX_SIZE:
        assert parse_size(f"{number}{unit}") == size
        assert parse_size(f"{number} {unit.lower()}") == size


@given(st.integers(0, MAX_SIZE))
def test_a_size_in_words_is_never_more_than_it_is(size: int) -> None:
    number, unit = size_text(size).split(" ")
    power = POWERS["B" if unit == "bytes" else unit]
    hundredths = int(Fraction(number) * 100)
    unit_size = 1024**power
    assert hundredths * unit_size <= size * 100 < (hundredths + 1) * unit_size


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (10 * 2**30, "10 GB"),
        (10 * 2**30 - 1, "9.99 GB"),
        (10 * 2**30 + 1, "10.00 GB"),
        (3 * 2**29, "1.5 GB"),
        (320 * 2**20, "320 MB"),
        (MAX_SIZE, "15.99 EB"),
    ],
)
def test_a_size_in_words(size: int, text: str) -> None:
    assert size_text(size) == text
