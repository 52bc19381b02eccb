"""The parameters of a playbook that gives something a proxy to log on to."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from remediate.model.proxy import NO_PROXY, ProxyServer
from remediate.playbook.base import PlaybookParams


class ProxyParams(PlaybookParams):
    """A proxy or none, and as whom to log on to it."""

    server: ProxyServer = Field(
        description="proxy to take, as HOST:PORT without an account, or none"
    )
    proxy_user: str = Field(
        "",
        max_length=256,
        pattern=r"^[^\x00-\x1f|]*$",
        description="user as whom to log on to the proxy",
    )
    proxy_password: SecretStr | None = Field(None, description="password of that user")

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if bool(self.proxy_user) != (self.proxy_password is not None):
            msg = "--proxy-user and --proxy-password go together"
            raise ValueError(msg)
        if self.proxy_user and self.server == NO_PROXY:
            msg = "there is no proxy for --proxy-user to log on to"
            raise ValueError(msg)
        return self
