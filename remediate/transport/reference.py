"""The other wire: pypsrp writes and reads the messages. It tells whether a fault is of ours."""

from typing import Any, Final

from pypsrp.complex_objects import (
    DictionaryMeta,
    GenericComplexObject,
    ObjectMeta,
    PSInvocationState,
    RunspacePoolState,
)
from pypsrp.exceptions import InvalidPSRPOperation
from pypsrp.messages import MessageType
from pypsrp.powershell import PowerShell
from pypsrp.wsman import SelectorSet, WSMan

from remediate.powershell.messages import Request
from remediate.transport.careful_pool import CarefulPool
from remediate.transport.classify import is_passing, is_waiting
from remediate.transport.conversation import IDLE_SECONDS, START_SECONDS, Conversation
from remediate.transport.errors import RemoteError
from remediate.transport.script_errors import of_script
from remediate.transport.shell import Parameters, Pipeline
from remediate.transport.stream import Steps, at_once

_USUAL: Final = "Microsoft.PowerShell"
"""The endpoint that every Windows with remoting has."""

_QUESTIONS: Final = {MessageType.PIPELINE_HOST_CALL, MessageType.RUNSPACEPOOL_HOST_CALL}
_NO_ANSWER_WANTED: Final = -100


class ReferenceShell:
    """A runspace pool of pypsrp's.

    Args:
        talk: the conversation with its host.
    """

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk
        assert isinstance(talk.client, WSMan)  # noqa: S101 - the wire's own
        self._wsman = talk.client
        self._pool = CarefulPool(
            self._wsman,
            configuration_name=talk.host.configuration_name or _USUAL,
            no_profile=True,
            idle_timeout=IDLE_SECONDS,
        )
        self._secrets: Any = None
        self._running: PowerShell | None = None

    @property
    def opening(self) -> bool:
        """It has been asked for, and is not open yet."""
        return bool(self._pool.state == RunspacePoolState.NEGOTIATION_SENT)

    @property
    def opened(self) -> bool:
        """It is open."""
        return bool(self._pool.state == RunspacePoolState.OPENED)

    def create(self) -> Steps[None]:
        """Ask for it, and for how far it is."""
        return at_once(self._open)

    def _open(self) -> None:
        try:
            self._pool.open()
        except InvalidPSRPOperation:
            pass  # it is broken, as its state tells
        except Exception as error:
            # one that exists is asked again by Receive
            if not (self._pool.shell.opened and (is_waiting(error) or is_passing(error))):
                raise

    def expect(self) -> None:
        """Another script is about to be run."""
        self._pool.expect()

    def seal(self, request: Request) -> Steps[None]:
        """Agree on a key, and seal the secrets."""
        return at_once(lambda: self._seal(request))

    def _seal(self, request: Request) -> None:
        self._secrets = None
        if not request.secrets:
            return
        self._talk.allow(START_SECONDS)
        self._pool.exchange_keys()
        values = {name: one.get_secret_value() for name, one in request.secrets.items()}
        key, value = ObjectMeta("S", name="Key"), ObjectMeta("SS", name="Value")
        meta = DictionaryMeta(dict_key_meta=key, dict_value_meta=value)
        self._secrets = self._pool.serialize(values, meta)

    def start(self, script: str, parameters: Parameters) -> Steps[Pipeline]:
        """Have a script run."""
        return at_once(lambda: self._start(script, parameters))

    def _start(self, script: str, parameters: Parameters) -> Pipeline:
        running = self._running = PowerShell(self._pool)
        running.add_script(script)
        for name, value in parameters.items():
            running.add_parameter(name, value)
        if self._secrets is not None:
            running.add_parameter("Secrets", self._secrets)
        running.begin_invoke()
        return Pipeline(running.id)

    def receive(self, pipeline: Pipeline | None) -> Steps[None]:
        """Ask for output; none while the host has nothing to say."""
        name = pipeline.id if pipeline else None
        # pypsrp's public loop has no deadline and drops host calls
        heard = yield from self._talk.receiving(lambda: at_once(lambda: self._pool._receive(name)))  # noqa: SLF001 - as above
        if pipeline is None or self._running is None:
            return
        for kind, message in heard or []:
            if kind == MessageType.PIPELINE_OUTPUT:
                text = message.data.data
                pipeline.outputs.append(text if isinstance(text, str) else None)
            elif kind in _QUESTIONS and message.ci != _NO_ANSWER_WANTED:
                pipeline.asks = True
        running = self._running
        pipeline.ended = running.state != PSInvocationState.RUNNING
        pipeline.completed = running.state == PSInvocationState.COMPLETED
        if running.streams.error and pipeline.error is None:
            pipeline.error = _of_record(running.streams.error[0], self._talk.host.name)

    def forget(self, pipeline: Pipeline) -> None:
        """Let go of what pypsrp keeps of a pipeline."""
        self._pool.pipelines.pop(pipeline.id, None)

    def delete(self) -> Steps[None]:
        """End it."""
        return at_once(self._delete)

    def _delete(self) -> None:
        shell = SelectorSet()
        shell.add_option("ShellId", self._pool.shell.id or self._pool.id)
        self._wsman.delete(self._pool.shell.resource_uri, selector_set=shell)


def _of_record(record: Any, host: str) -> RemoteError:  # noqa: ANN401 - pypsrp builds its attributes at run time
    """The error that a host's PowerShell error record tells of."""
    thrown = record.exception
    kinds = thrown.types if isinstance(thrown, GenericComplexObject) else []
    kind = str(kinds[0]).removeprefix("Deserialized.") if kinds else record.reason or ""
    line = record.invocation_script_line_number
    if line is None and isinstance(record.invocation_info, GenericComplexObject):
        line = record.invocation_info.adapted_properties.get("ScriptLineNumber")
    line = line if isinstance(line, int) else 0
    return of_script(host, str(record), str(record.fq_error), kind, line)
