"""The life of a shell, message by message: its generators yield what is to be carried."""

import uuid
from functools import partial
from typing import TYPE_CHECKING, Final

from remediate.powershell.messages import Request
from remediate.transport.conversation import IDLE_SECONDS, START_SECONDS, Conversation
from remediate.transport.errors import RemoteError
from remediate.transport.lean import requests
from remediate.transport.lean.clixml import Facts, facts_in, string_in
from remediate.transport.lean.faults import MessageError
from remediate.transport.lean.framing import NOBODY, Joiner, Kind, Message, fragments, packed
from remediate.transport.lean.requests import COMMAND, CREATE, DELETE, RECEIVE, SEND
from remediate.transport.lean.soap import Answer, answer_to
from remediate.transport.markup import MAX_TAGS
from remediate.transport.script_errors import of_script
from remediate.transport.shell import Parameters, Pipeline
from remediate.transport.stream import Steps

if TYPE_CHECKING:
    from remediate.transport.lean.keys import KeyPair, SessionKey

_OPENING: Final = {0, 1, 6, 7}
_OPENED: Final = 2
_RUNNING: Final = 1
_COMPLETED: Final = 4
_STATES: Final = range(7)
_PROTOCOL: Final = "2."
_NO_ANSWER_WANTED: Final = -100
_PROPERTIES: Final = "Obj/MS"
_QUESTIONS: Final = {Kind.POOL_HOST_CALL, Kind.PIPELINE_HOST_CALL}


class LeanShell:
    """A runspace pool on a host.

    Args:
        talk: the conversation with the host.

    Attributes:
        opening: it has been asked for, and is not open yet.
        opened: it is open.
    """

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk
        self._client = talk.client
        self._envelopes = requests.Envelopes(talk.host)
        self._id = uuid.uuid4()
        self._name = str(self._id).upper()
        self._messages = 0
        self._joiner = Joiner(self._id)
        self._of_pipeline = Joiner(self._id)
        self._running = b""
        self._tags = MAX_TAGS
        self._pair: KeyPair | None = None
        self._key: SessionKey | None = None
        self._sealed: dict[str, str] = {}
        self.opening = True
        self.opened = False

    def create(self) -> Steps[None]:
        """Ask for it."""
        capability = self._fragments(Kind.SESSION_CAPABILITY, requests.CAPABILITY)
        data = b"".join([*capability, *self._fragments(Kind.INIT_POOL, requests.POOL)])
        answer = yield from self._ask(CREATE, requests.new_shell(self._name, IDLE_SECONDS, data))
        if not answer.shell:
            raise MessageError("it does not say what shell it has made")
        self._name = answer.shell

    def expect(self) -> None:
        """Another script is about to be run."""
        self._tags = MAX_TAGS

    def seal(self, request: Request) -> Steps[None]:
        """Agree on a key, if there are secrets and none was agreed upon, and seal them."""
        self._sealed = {}
        if not request.secrets:
            return
        if self._key is None:
            self._talk.allow(START_SECONDS)
            from remediate.transport.lean.keys import KeyPair  # noqa: PLC0415 - for secrets only

            self._pair = KeyPair()
            for data in self._fragments(Kind.PUBLIC_KEY, requests.public_key(self._pair.public)):
                yield from self._ask(SEND, requests.more("", data))
        while self._key is None:
            yield from self.receive(None)
        self._sealed = {
            name: self._key.sealed(secret.get_secret_value())
            for name, secret in request.secrets.items()
        }

    def start(self, script: str, parameters: Parameters) -> Steps[Pipeline]:
        """Have a script run."""
        pipeline, name = uuid.uuid4(), ""
        body = requests.pipeline(script, parameters, self._sealed)
        self._of_pipeline, self._running = Joiner(self._id), pipeline.bytes_le
        for data in self._fragments(Kind.CREATE_PIPELINE, body, pipeline):
            if name:
                yield from self._ask(SEND, requests.more(name, data))
                continue
            wanted = str(pipeline).upper()
            answer = yield from self._ask(COMMAND, requests.new_command(wanted, data))
            name = answer.command
            if name.upper() != wanted:
                raise MessageError("it does not say what command it has begun")
        return Pipeline(name)

    def receive(self, pipeline: Pipeline | None) -> Steps[None]:
        """Hear what is new of a pipeline, or of the pool."""
        name = pipeline.id if pipeline else ""
        ask = partial(self._ask, RECEIVE, requests.output(name))
        answer = yield from self._talk.receiving(ask)
        if answer is None:
            return
        joiner = self._of_pipeline if pipeline else self._joiner
        for of, data in answer.streams:
            if of != name.upper():
                raise MessageError("it sends what another command has put out")
            for message in joiner.take(data):
                self._heard(message, pipeline)
        if pipeline and answer.done and not pipeline.ended:
            raise MessageError("its command ends, and the pipeline does not")

    def forget(self, pipeline: Pipeline) -> None:
        """A pipeline has ended; nothing is kept of it."""

    def delete(self) -> Steps[None]:
        """End it."""
        yield from self._ask(DELETE, "")

    def _ask(self, action: str, body: str) -> Steps[Answer]:
        """Exchange one message."""
        message_id = f"uuid:{str(uuid.uuid4()).upper()}"
        seconds = self._client.operation_timeout
        shell = "" if action == CREATE else self._name
        message = self._envelopes.message(action, message_id, seconds, shell, body)
        return (yield from self._client.carry(message, partial(answer_to, message_id, action)))

    def _fragments(self, kind: Kind, body: bytes, of: uuid.UUID = NOBODY) -> list[bytes]:
        self._messages += 1
        message = packed(kind, self._id, of, body)
        return list(fragments(self._messages, message, requests.FRAGMENT))

    def _heard(self, message: Message, pipeline: Pipeline | None) -> None:
        kind = message.kind
        if kind in _QUESTIONS:
            if self._facts(message).number(f"{_PROPERTIES}/ci") != _NO_ANSWER_WANTED and pipeline:
                pipeline.asks = True
        elif kind < Kind.OUTPUT:
            self._of_pool(kind, message)
        elif pipeline is None or message.pipeline != self._running:
            raise MessageError("it sends what another pipeline says")
        else:
            self._of(pipeline, kind, message)

    def _of_pool(self, kind: Kind, message: Message) -> None:
        if kind is Kind.SESSION_CAPABILITY:
            spoken = self._facts(message).texts.get(f"{_PROPERTIES}/protocolversion", "")
            if not spoken.startswith(_PROTOCOL):
                raise MessageError("it speaks another PSRP")
        elif kind is Kind.POOL_STATE:
            state = self._facts(message).number(f"{_PROPERTIES}/RunspaceState")
            if state is None:
                raise MessageError("it does not say how its shell is")
            self.opening, self.opened = state in _OPENING, state == _OPENED
        elif kind is Kind.SESSION_KEY and self._pair is not None:
            sealed = self._facts(message).texts.get(f"{_PROPERTIES}/EncryptedSessionKey", "")
            self._key, self._pair = self._pair.opened(sealed), None

    def _of(self, pipeline: Pipeline, kind: Kind, message: Message) -> None:
        if kind is Kind.OUTPUT:
            text, tags = string_in(message.body, self._tags)
            self._tags -= tags
            pipeline.outputs.append(text)
        elif kind is Kind.ERROR:
            self._error(pipeline, self._facts(message), "Obj")
        elif kind is Kind.PIPELINE_STATE:
            facts = self._facts(message)
            state = facts.number(f"{_PROPERTIES}/PipelineState")
            if state not in _STATES:
                raise MessageError("it does not say how its pipeline is")
            pipeline.ended, pipeline.completed = state != _RUNNING, state == _COMPLETED
            record = f"{_PROPERTIES}/ExceptionAsErrorRecord"
            if f"{record}/MS/FullyQualifiedErrorId" in facts.texts:
                self._error(pipeline, facts, record)

    def _facts(self, message: Message) -> Facts:
        facts = facts_in(message.body, self._tags)
        self._tags -= facts.tags
        return facts

    def _error(self, pipeline: Pipeline, facts: Facts, record: str) -> None:
        """Keep the first error that a pipeline tells of."""
        own, texts = f"{record}/MS", facts.texts
        thrown = facts.types.get(f"{own}/Exception", "") or texts.get(
            f"{own}/ErrorCategory_Reason", ""
        )
        line = facts.number(f"{own}/InvocationInfo_ScriptLineNumber") or facts.number(
            f"{own}/InvocationInfo/Props/ScriptLineNumber"
        )
        error: RemoteError = of_script(
            self._talk.host.name,
            texts.get(f"{record}/ToString", ""),
            texts.get(f"{own}/FullyQualifiedErrorId", ""),
            thrown.removeprefix("Deserialized."),
            line or 0,
        )
        pipeline.error = pipeline.error or error
