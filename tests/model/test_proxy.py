"""The address of a proxy: HOST:PORT or none, and never with an account."""

import pytest
from pydantic import TypeAdapter, ValidationError

from remediate.model.proxy import ProxyServer

ADDRESS = TypeAdapter(ProxyServer)


@pytest.mark.parametrize(
    "text", ["proxy.contoso.com:8080", "10.0.0.1:3128", "[fe80::1]:80", "none"]
)
def test_a_proxy_is_taken_as_it_is_written(text: str) -> None:
    assert ADDRESS.validate_python(text) == text


@pytest.mark.parametrize(
    "text", ["", "proxy", "http://proxy:80", "a:80;b:80", "proxy:80\n", "NONE"]
)
def test_what_is_no_proxy_is_refused_with_how_one_is_written(text: str) -> None:
    with pytest.raises(ValidationError, match="give HOST:PORT, such as"):
        ADDRESS.validate_python(text)


def test_a_proxy_with_an_account_is_a_secret() -> None:
    with pytest.raises(ValidationError) as refused:
        ADDRESS.validate_python("ada:hunter2@proxy:80")
    assert refused.value.errors()[0]["type"] == "secret"
