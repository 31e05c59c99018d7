"""A session of an HTTP app becomes a workflow: which calls are steps, and where what they send comes from."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from recorder.adapters import Selection, chosen_calls
from recorder.adapters.http.provenance import Provenance, strength, words
from recorder.adapters.http.volatile import volatile
from recorder.api import Endpoint
from recorder.request import as_text, scalars
from recorder.session import Call, Expectation, File, Message, Place, Session, Value, encode_value
from recorder.workflow import (
    Argument,
    Cookie,
    Expression,
    Link,
    Names,
    Output,
    SecretFinder,
    SecretRef,
    Step,
    Variable,
    VariableRef,
    Workflow,
    identifier,
    leaves_of,
    python_type,
    sent,
)

DEEPEST = 3
"""Values further inside a JSON body than this are not variables of their own."""

_PROTOCOL = {
    "graphql": {"query", "operationName", "extensions"},
    "jsonrpc": {"jsonrpc", "method", "id"},
}
_FIXED = re.compile(
    r"_method|__\w+|(?:csrf|xsrf)\w*|authenticity_token|utf8|grant_type|client_id|scope|response_type",
    re.IGNORECASE,
)


def workflow(session: Session, selection: Selection) -> Workflow:
    """What to do again.

    Raises:
        UsageError: the selection names a call or endpoint that was not recorded.
    """
    builder = _Builder(session, chosen_calls(session, selection))
    steps = builder.steps()
    values = [value for step in steps for value in sent(step)]
    linked = {(link.step, link.output) for link in leaves_of(Link, values)}
    given = frozenset(as_text(value) for value in builder.given)
    values += [variable.value for variable in builder.variables]
    used = {name for leaf in leaves_of(SecretRef, values) for name in leaf.pieces[1::2]}
    return Workflow(
        name=selection.name,
        app=session.app,
        steps=tuple(
            msgspec.structs.replace(
                step,
                outputs=tuple(
                    msgspec.structs.replace(
                        output,
                        linked=(step.id, place) in linked,
                        expectations=_expectations(step.id, place, output, given),
                    )
                    for place, output in enumerate(step.outputs)
                ),
            )
            for step in steps
        ),
        variables=tuple(builder.variables),
        secrets=tuple(secret for secret in session.secrets if secret.name in used),
    )


def _in_order(steps: list[Step]) -> list[Step]:
    """With what each must wait for: what only reads for what changes something before it, and the other way round."""
    ordered: list[Step] = []
    changed: tuple[str, ...] = ()
    since: list[str] = []
    for step in steps:
        if step.endpoint.method in ("GET", "HEAD") and not step.setup:
            ordered.append(msgspec.structs.replace(step, after=changed))
            since.append(step.id)
        else:
            ordered.append(msgspec.structs.replace(step, after=(*changed, *since)))
            changed, since = (step.id,), []
    return ordered


def _expectations(step: str, place: int, output: Output, given: frozenset[str]) -> tuple[Expectation, ...]:
    """What of an output may differ. Of pages only the title counts, and headers and lost bytes do not."""
    if output.component == "page":
        paths: tuple[Place, ...] = (("url",), ("fields",), ("links",))
    elif output.component in ("headers", "file"):
        paths = ((),)
    else:
        return volatile(step, place, output.value, given)
    return tuple(Expectation(call=step, output=place, kind="volatile", path=path) for path in paths)


class _Builder:
    def __init__(self, session: Session, chosen: list[Call]) -> None:
        self._session = session
        self._endpoints = {endpoint.id: endpoint for endpoint in session.api.endpoints}
        self._chosen = {call.id for call in chosen}
        self._names = Names()
        self._taken = Names()
        self._known: dict[tuple[str, str], str] = {}
        self._secrets = SecretFinder(session.secrets)
        self.variables: list[Variable] = []
        self._held: dict[str, str] = {}
        """The WebSockets that nobody spoke over, by the names that the page had given itself with them: what is asked
        by the same name needs them open."""
        self.given: set[Any] = set()
        """Values that calls were given by links."""

    def steps(self) -> list[Step]:
        """The steps in order: those that were chosen, and those of the others that these need."""
        session = self._session
        skipped = {call.id for call in session.calls if call.skip or call.id not in self._chosen}
        everything = [*session.calls, *(o.call for o in session.omitted if not o.call.skip)]
        everything.sort(key=lambda call: call.timing.started)
        refused = {(proof.call, proof.input) for proof in session.proofs if proof.proof == "refused"}
        kept = {call.id for call in session.calls}
        claims = {secret.placeholder: secret.claims for secret in session.secrets}
        provenance = Provenance(kept, refused, claims)
        traced: dict[str, list[Expression]] = {}
        said: dict[str, list[Expression]] = {}
        for call in everything:
            provenance.seek(call)
        for call in everything:
            nouns = words(self._endpoint(call).path)
            traced[call.id] = [
                value.value if value.variable is not None else provenance.trace(call, place, value, nouns)
                for place, value in enumerate(call.inputs)
            ]
            said[call.id] = [
                provenance.trace_value(message.value, nouns) if message.sent else message.value
                for message in call.messages
            ]
            if call.status == "ok":
                provenance.learn(call, nouns)
        self.given = provenance.given
        omitted = {o.call.id for o in session.omitted}
        self._held = {
            text: call.id
            for call in everything
            if call.id in omitted and call.messages and not call.continues
            for value, expression in zip(call.inputs, traced[call.id], strict=True)
            if words(value.name) & _OF_A_PAGE
            for text in _own_names([expression])
        }
        needed = self._needed(everything, {id: [*traced[id], *said[id]] for id in traced}, skipped)
        made = [call for call in everything if call.id in self._chosen or call.id in needed]
        going_on = {call.continues: call.id for call in made}
        held = set(self._held.values())
        used = {link.step for id in traced for link in leaves_of(Link, [*traced[id], *said[id]])}
        steps = []
        for call in made:
            step = self._step(call, traced[call.id], said[call.id], call.id not in self._chosen)
            root = call.continues or call.id
            closes = going_on.get(root, call.id) == call.id and not (step.setup and root in held)
            if step.setup and call.id in held and call.id not in used:
                step = _greeting(step)
            steps.append(msgspec.structs.replace(step, closes=closes))
        return _in_order(steps)

    def _needed(
        self, everything: list[Call], traced: dict[str, list[Expression]], skipped: set[str]
    ) -> set[str]:
        """Calls that nobody chose, but whose answers those that were chosen use."""
        found: set[str] = set()
        omitted = {o.call.id for o in self._session.omitted}
        changing = {call.id for call in everything if call.id in omitted and call.code and call.code < 400}
        calls = {call.id: call for call in everything}
        spoken: dict[str, list[Call]] = {call.continues: [] for call in everything if call.continues}
        for call in everything:
            if (root := call.continues or call.id) in spoken:
                spoken[root].append(call)
        # A cookie comes with one of the documents before; the first that there was set it.
        setters = [c for c in everything if c.how == "document"][:1] + everything[:1]
        queue = [call for call in everything if call.id in self._chosen]
        while queue:
            call = queue.pop()
            wanted = [link.step for link in leaves_of(Link, traced[call.id])]
            if self._held:
                wanted += [self._held[text] for text in _own_names(traced[call.id]) if text in self._held]
            if call.continues:
                wanted += [c.id for c in spoken[call.continues] if c.timing.started <= call.timing.started]
            if next(leaves_of(Cookie, traced[call.id]), None) is not None:
                wanted += [c.id for c in setters if c.timing.started < call.timing.started][:1]
            for id in wanted:
                if id not in found and id not in self._chosen and (id in changing or id in skipped):
                    found.add(id)
                    queue.append(calls[id])
        return found

    def _endpoint(self, call: Call) -> Endpoint:
        return self._endpoints.get(call.endpoint) or Endpoint(id=call.endpoint)

    def _step(self, call: Call, traced: list[Expression], said: list[Expression], setup: bool) -> Step:
        endpoint = self._endpoint(call)
        by_person = not setup and (call.trigger.kind in ("person", "call"))
        arguments = []
        for value, expression in zip(call.inputs, traced, strict=True):
            arguments.append(
                Argument(
                    name=value.name,
                    value=self._chosen_by(value, self._secrets.replace(expression), endpoint, by_person),
                    label=value.label,
                    component=value.component,
                    location=value.location,
                )
            )
        names = Names()
        return Step(
            id=call.id,
            name=self._names.free(identifier(endpoint.name, "call")),
            endpoint=endpoint,
            arguments=tuple(arguments),
            outputs=tuple(
                Output(
                    name=names.free(identifier(value.label, "output")),
                    label=value.label,
                    component=value.component,
                    value=value.value,
                )
                for value in call.outputs
            ),
            via="raw",
            trigger=call.trigger.words(),
            setup=setup,
            expect=call.status,
            error=call.error,
            cancel_after=_most(call),
            yields=call.yields,
            started=call.timing.started,
            duration=call.timing.ended or 0.0,
            page="p1",
            code=call.code,
            until=call.until,
            continues=call.continues,
            address=call.address,
            body=call.body,
            charset=call.charset,
            messages=tuple(
                self._message(message, expression, by_person)
                for message, expression in zip(call.messages, said, strict=True)
            ),
        )

    def _message(self, message: Message, expression: Expression, by_person: bool) -> Message:
        if not message.sent:
            return message
        value: Expression = self._secrets.replace(expression)
        if by_person and message.text and isinstance(value, str):
            value = self._variable("message", value, message.value)
        elif by_person:
            value = self._inside(value, message.value, "message", 0)
        return msgspec.structs.replace(message, value=value)

    def _chosen_by(
        self, value: Value, expression: Expression, endpoint: Endpoint, by_person: bool
    ) -> Expression:
        """With variables for what a person may choose."""
        if value.variable is not None:
            return self._variable(value.variable, expression, value.value)
        if (
            not by_person
            or value.location in ("header", "")
            or (value.location == "body" and not value.changed)
        ):
            return expression
        if value.location == "json" and value.name in _PROTOCOL.get(endpoint.connection, ()):
            return expression
        return self._inside(expression, value.value, value.name or "body", 0)

    def _inside(self, expression: Expression, plain: Any, name: str, depth: int) -> Expression:
        if isinstance(expression, dict) and depth < DEEPEST and isinstance(plain, dict):
            return {
                key: self._inside(item, plain.get(key), str(key), depth + 1)
                for key, item in expression.items()
            }
        if (
            isinstance(expression, list)
            and expression
            and all(isinstance(i, str | int | float) for i in expression)
        ):
            return self._variable(name, expression, plain)
        if isinstance(expression, list) and depth < DEEPEST and isinstance(plain, list):
            return [
                self._inside(item, inside, name, depth + 1) if isinstance(item, dict) else item
                for item, inside in zip(expression, plain, strict=False)
            ]
        scalar = isinstance(expression, str | bool | int | float)
        if not scalar and not _is_file(expression):
            return expression
        if _FIXED.fullmatch(name):
            return expression
        return self._variable(name, expression, plain)

    def _variable(self, name: str, expression: Expression, plain: Any) -> VariableRef:
        key = (name, json.dumps(encode_value(plain), sort_keys=True, default=str))
        if key not in self._known:
            chosen = self._taken.free(identifier(name, "value"))
            self._known[key] = chosen
            type = "int" if isinstance(plain, int) and not isinstance(plain, bool) else python_type(plain)
            self.variables.append(Variable(name=chosen, value=expression, python_type=type, label=name))
        return VariableRef(name=self._known[key])


_OF_A_PAGE = frozenset({"id", "sid", "uid", "session", "client", "connection", "channel", "tab", "window"})
"""Words for what a page calls itself by."""


def _own_names(values: list[Expression]) -> set[str]:
    """Texts that came from nowhere and can hardly be there by chance; no secrets, which say who the person is."""
    return {
        value
        for _, value in scalars(values)
        if isinstance(value, str)
        and strength(value) >= 3
        and not value.isdigit()
        and "[recorder-secret:" not in value
    }


def _greeting(step: Step) -> Step:
    """A conversation that only needs to have begun: what the page said, and the first that it heard after that."""
    last = max((n for n, message in enumerate(step.messages) if message.sent), default=-1)
    heard = next((n for n, m in enumerate(step.messages) if n > last and not m.sent), len(step.messages) - 1)
    messages = step.messages[: heard + 1]
    count = sum(not message.sent for message in messages)
    outputs = tuple(msgspec.structs.replace(o, value=o.value[:count]) for o in step.outputs)
    return msgspec.structs.replace(step, messages=messages, outputs=outputs)


def _most(call: Call) -> int | None:
    """How many messages of an answer to take; None for all. An event source has no end but that which its page sets."""
    is_cut = call.how == "eventsource" or call.status in ("cancelled", "unfinished")
    answer = call.outputs[0] if call.outputs else Value()
    return len(answer.value) if is_cut and answer.component in ("events", "lines") else None


def _is_file(expression: Expression) -> bool:
    return isinstance(expression, File) and bool(expression.path)
