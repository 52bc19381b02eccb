"""What is said to a host: templates, in which little is left to be filled in.

The messages are those that Windows takes from pypsrp and pywinrm, with shorter prefixes; what the
protocols leave to the client and we do not need is left out.
https://learn.microsoft.com/openspecs/windows_protocols/ms-wsmv and ms-psrp (2.2.2, 2.2.3).
"""

import base64
from collections.abc import Mapping
from functools import lru_cache
from html import escape
from typing import Final

from remediate.model.host import Host
from remediate.transport.lean.clixml import text_of
from remediate.transport.lean.soap import ADDRESSING, MICROSOFT, SHELL, SOAP, TRANSFER, WSMAN

ENVELOPE: Final = 512_000
"""Bytes of an envelope, either way: what Windows takes since 2012."""

FRAGMENT: Final = (ENVELOPE - 2048) // 4 * 3
"""Bytes of a fragment, which travels as base64 in an envelope."""

CREATE: Final = f"{TRANSFER}/Create"
DELETE: Final = f"{TRANSFER}/Delete"
COMMAND: Final = f"{SHELL}/Command"
SEND: Final = f"{SHELL}/Send"
RECEIVE: Final = f"{SHELL}/Receive"

_RESOURCE: Final = "http://schemas.microsoft.com/powershell"
_USUAL: Final = "Microsoft.PowerShell"
_SCRIPTS: Final = 32
_ARGUMENTS: Final = 13
"""The number of the first object that is a parameter."""

_OPTIONS: Final = {
    CREATE: '<w:Option Name="protocolversion" MustComply="true">2.3</w:Option>'
    '<w:Option Name="WINRS_NOPROFILE" MustComply="true">TRUE</w:Option>',
    COMMAND: '<w:Option Name="WINRS_SKIP_CMD_SHELL">False</w:Option>',
    RECEIVE: '<w:Option Name="WSMAN_CMDSHELL_OPTION_KEEPALIVE">True</w:Option>',
}


class Envelopes:
    """Makes the messages about one shell.

    Args:
        host: where it is.
    """

    def __init__(self, host: Host) -> None:
        address = f"[{host.address}]" if ":" in host.address else host.address
        to = f"http{'s' if host.tls else ''}://{address}:{host.port}/wsman"
        resource = f"{_RESOURCE}/{host.configuration_name or _USUAL}"
        self._head = (
            f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:w="{WSMAN}"'
            f' xmlns:p="{MICROSOFT}" xmlns:r="{SHELL}"><s:Header>'
            f"<a:To>{escape(to)}</a:To><a:ReplyTo>"
            f'<a:Address s:mustUnderstand="true">{ADDRESSING}/role/anonymous</a:Address>'
            "</a:ReplyTo>"
            f'<w:MaxEnvelopeSize s:mustUnderstand="true">{ENVELOPE}</w:MaxEnvelopeSize>'
            '<w:Locale xml:lang="en-US" s:mustUnderstand="false"/>'
            '<p:DataLocale xml:lang="en-US" s:mustUnderstand="false"/>'
            f'<w:ResourceURI s:mustUnderstand="true">{escape(resource)}</w:ResourceURI>'
        )

    def message(self, action: str, message_id: str, seconds: int, shell: str, body: str) -> bytes:
        """A message.

        Args:
            action: what is asked for, as a URI.
            message_id: names it.
            seconds: after which the host is to answer in any case.
            shell: which shell it is about; empty when that is to be made.
            body: what is in it.
        """
        options, shells = _OPTIONS.get(action, ""), ""
        if options:
            options = f'<w:OptionSet s:mustUnderstand="true">{options}</w:OptionSet>'
        if shell:
            selector = f'<w:Selector Name="ShellId">{escape(shell)}</w:Selector>'
            shells = f"<w:SelectorSet>{selector}</w:SelectorSet>"
        return (
            f'{self._head}<a:Action s:mustUnderstand="true">{action}</a:Action>'
            f"<a:MessageID>{message_id}</a:MessageID>"
            f"<w:OperationTimeout>PT{seconds}S</w:OperationTimeout>{options}{shells}"
            f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
        ).encode()


def new_shell(shell: str, idle_seconds: int, data: bytes) -> str:
    """The body of a Create."""
    return (
        f'<r:Shell ShellId="{shell}"><r:InputStreams>stdin pr</r:InputStreams>'
        "<r:OutputStreams>stdout</r:OutputStreams>"
        f"<r:IdleTimeOut>PT{idle_seconds}S</r:IdleTimeOut>"
        f'<creationXml xmlns="{_RESOURCE}">{_base64(data)}</creationXml></r:Shell>'
    )


def new_command(command: str, data: bytes) -> str:
    """The body of a Command."""
    return (
        f'<r:CommandLine CommandId="{command}"><r:Command/>'
        f"<r:Arguments>{_base64(data)}</r:Arguments></r:CommandLine>"
    )


def more(command: str, data: bytes) -> str:
    """The body of a Send, to a command or, when that is empty, to the shell."""
    return f'<r:Send><r:Stream Name="stdin"{_of(command)}>{_base64(data)}</r:Stream></r:Send>'


def output(command: str) -> str:
    """The body of a Receive, of a command or, when that is empty, of the shell."""
    return f"<r:Receive><r:DesiredStream{_of(command)}>stdout</r:DesiredStream></r:Receive>"


def _of(command: str) -> str:
    return f' CommandId="{escape(command)}"' if command else ""


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _enumeration(number: int, name: str, kind: str, text: str, value: int) -> str:
    """A value of an enumeration; the first of its kind says what that is."""
    types = f"<TNRef RefId='{kind}'/>"
    if not kind.isdecimal():
        kinds = (kind, "System.Enum", "System.ValueType", "System.Object")
        names = "".join(f"<T>{each}</T>" for each in kinds)
        types = f"<TN RefId='{number}'>{names}</TN>"
    return (
        f"<Obj RefId='{number}' N='{name}'>{types}"
        f"<ToString>{text}</ToString><I32>{value}</I32></Obj>"
    )


_SPACES: Final = "System.Management.Automation.Runspaces"
_NO_HOST: Final = (
    "<Obj RefId='3' N='HostInfo'><MS><B N='_isHostNull'>true</B><B N='_isHostUINull'>true</B>"
    "<B N='_isHostRawUINull'>true</B><B N='_useRunspaceHost'>true</B></MS></Obj>"
)
_APARTMENT: Final = _enumeration(1, "ApartmentState", f"{_SPACES}.ApartmentState", "UNKNOWN", 2)

CAPABILITY: Final = (
    b"<Obj RefId='0'><MS><Version N='protocolversion'>2.3</Version>"
    b"<Version N='PSVersion'>2.0</Version>"
    b"<Version N='SerializationVersion'>1.1.0.1</Version></MS></Obj>"
)
"""What we speak: the protocol of Windows PowerShell 5, which older ones answer with their own."""

POOL: Final = (
    "<Obj RefId='0'><MS><I32 N='MinRunspaces'>1</I32><I32 N='MaxRunspaces'>1</I32>"
    + _enumeration(2, "PSThreadOptions", f"{_SPACES}.PSThreadOptions", "Default", 0)
    + _APARTMENT
    + _NO_HOST
    + "<Nil N='ApplicationArguments'/></MS></Obj>"
).encode()
"""A pool of one runspace, without a host at which a person could be asked."""

_MERGE: Final = f"{_SPACES}.PipelineResultTypes"
_LIST: Final = (
    "System.Collections.Generic.List`1[[System.Management.Automation.PSObject, "
    "System.Management.Automation, Version=1.0.0.0, Culture=neutral, "
    "PublicKeyToken=31bf3856ad364e35]]"
)
_BEFORE: Final = (
    "<Obj RefId='0'><MS><B N='NoInput'>true</B>"
    + _APARTMENT
    + _enumeration(
        2, "RemoteStreamOptions", f"{_SPACES}.RemoteStreamOptions", "AddInvocationInfo", 15
    )
    + "<B N='AddToHistory'>false</B>"
    + _NO_HOST
    + "<Obj RefId='4' N='PowerShell'><MS><B N='IsNested'>false</B><Nil N='ExtraCmds'/>"
    "<Obj RefId='5' N='Cmds'>"
    f"<TN RefId='5'><T>{_LIST}</T><T>System.Object</T></TN>"
    "<LST><Obj RefId='6'><MS><S N='Cmd'>"
)
_BETWEEN: Final = (
    "</S><B N='IsScript'>true</B><Nil N='UseLocalScope'/>"
    + _enumeration(7, "MergeMyResult", _MERGE, "None", 0)
    + _enumeration(8, "MergeToResult", "7", "None", 0)
    + _enumeration(9, "MergePreviousResults", "7", "None", 0)
    + "<Obj RefId='10' N='Args'><TNRef RefId='5'/><LST>"
)
_AFTER: Final = (
    b"</LST></Obj></MS></Obj></LST></Obj><Nil N='History'/>"
    b"<B N='RedirectShellErrorOutputPipe'>false</B></MS></Obj><B N='IsNested'>false</B></MS></Obj>"
)


def public_key(key: str) -> bytes:
    """Our half of an agreement on a key."""
    return f"<Obj RefId='0'><MS><S N='PublicKey'>{key}</S></MS></Obj>".encode()


def pipeline(
    script: str, parameters: Mapping[str, str | bytes], sealed: Mapping[str, str]
) -> bytes:
    """The pipeline that runs a script.

    Args:
        script: the script.
        parameters: what it is given, by name.
        sealed: its parameter Secrets, each as it travels; left out when there are none.
    """
    arguments = "".join(
        _argument(number, name, _value(value))
        for number, (name, value) in enumerate(parameters.items(), start=_ARGUMENTS)
    )
    if sealed:
        entries = "".join(
            f"<En><S N='Key'>{text_of(name)}</S><SS N='Value'>{secret}</SS></En>"
            for name, secret in sealed.items()
        )
        types = "<TN RefId='11'><T>System.Collections.Hashtable</T><T>System.Object</T></TN>"
        value = f"<Obj RefId='12' N='V'>{types}<DCT>{entries}</DCT></Obj>"
        arguments += _argument(11, "Secrets", value)
    return _script(script) + arguments.encode() + _AFTER


def _argument(number: int, name: str, value: str) -> str:
    return f"<Obj RefId='{number}'><MS><S N='N'>{name}</S>{value}</MS></Obj>"


def _value(value: str | bytes) -> str:
    if isinstance(value, str):
        return f"<S N='V'>{text_of(value)}</S>"
    return f"<BA N='V'>{_base64(value)}</BA>"


@lru_cache(_SCRIPTS)
def _script(script: str) -> bytes:
    """What is the same in all pipelines of a script."""
    return f"{_BEFORE}{text_of(script)}{_BETWEEN}".encode()
