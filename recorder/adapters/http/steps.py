"""A session of an HTTP app becomes a workflow: which calls are steps, and where what they send comes from."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from recorder.adapters import Selection, chosen_calls
from recorder.adapters.http.volatile import volatile
from recorder.address import parts_of
from recorder.api import Endpoint
from recorder.dataflow.decision import Flow, Traced
from recorder.dataflow.missed import Open, sources
from recorder.dataflow.received import STREAMS, Received
from recorder.dataflow.texts import rarity, words
from recorder.placeholders import LOGIN
from recorder.request import as_text, scalars
from recorder.session import Call, Expectation, File, Message, Place, Session, Value, encode_value
from recorder.workflow import (
    Argument,
    Cookie,
    Expression,
    Item,
    Link,
    Names,
    Output,
    SecretFinder,
    SecretRef,
    Spelled,
    Step,
    Text,
    Variable,
    VariableRef,
    Workflow,
    identifier,
    leaves_of,
    python_type,
    sent,
    with_short_names,
)

DEEPEST = 3
"""Values further inside a JSON body than this are not variables of their own."""

_LOGIN = Text(
    pieces=(
        "Basic ",
        Spelled(
            kind="base64",
            value=Text(
                pieces=(
                    SecretRef(pieces=("", LOGIN[0], "")),
                    ":",
                    SecretRef(pieces=("", LOGIN[1], "")),
                )
            ),
        ),
    )
)
"""The header of a login that the browser's own dialog asked for. Source: RFC 7617."""
_PROTOCOL = {
    "graphql": {"query", "operationName", "extensions"},
    "jsonrpc": {"jsonrpc", "method", "id"},
}
_FIXED = re.compile(
    r"_method|__\w+|(?:csrf|xsrf)\w*|authenticity_token|utf8|grant_type|client_id|scope|response_type",
    re.IGNORECASE,
)


class Unexplained(msgspec.Struct, frozen=True, kw_only=True):
    """What the recording does not tell of what is sent: the constants, every place where the app gave such a text, and
    the calls that read such a place and are no steps, as steps."""

    opened: tuple[Open, ...]
    given: Received
    readers: tuple[Step, ...]


def unexplained(session: Session, selection: Selection) -> Unexplained:
    """The constants that the steps of a selection send.

    Raises:
        UsageError: as :func:`workflow`.
    """
    builder = _Builder(session, chosen_calls(session, selection), is_learning=True)
    made = {step.id for step in builder.steps()}
    opened = tuple(each for each in builder.flow.open if each.call in made)
    given = builder.flow.given_anywhere(opened)
    wanted = {source.link.step for each in opened for source in sources(each, given)} - made
    endpoints = {endpoint.id: endpoint for endpoint in session.api.endpoints}
    omitted = {o.call.id: o.call for o in session.omitted}
    readable = {
        id
        for id in wanted & set(omitted)
        if (endpoint := endpoints.get(omitted[id].endpoint)) is not None
        and endpoint.method in ("GET", "HEAD")
        and "://" not in endpoint.path
        and omitted[id].how != "eventsource"
        and not omitted[id].skip
        and (omitted[id].code or 400) < 400
    }
    readers: list[Step] = []
    if readable:
        again = _Builder(session, chosen_calls(session, selection))
        readers = [step for step in again.steps(readable) if step.id not in made]
    return Unexplained(opened=opened, given=given, readers=tuple(readers))


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
    ends = (link.path[-1] for link in leaves_of(Link, values) if link.path)
    names = frozenset(end for end in ends if isinstance(end, str))
    named = {ref.name for ref in leaves_of(VariableRef, values)}
    variables = tuple(variable for variable in builder.variables if variable.name in named)
    values += [variable.value for variable in variables]
    used = {name for leaf in leaves_of(SecretRef, values) for name in leaf.pieces[1::2]}
    made = Workflow(
        name=selection.name,
        app=session.app,
        steps=tuple(
            msgspec.structs.replace(
                step,
                outputs=tuple(
                    msgspec.structs.replace(
                        output,
                        linked=(step.id, place) in linked,
                        expectations=_expectations(step.id, place, output, given, names),
                    )
                    for place, output in enumerate(step.outputs)
                ),
            )
            for step in steps
        ),
        variables=variables,
        secrets=tuple(secret for secret in session.secrets if secret.name in used),
    )
    return with_short_names(made)


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


def _expectations(
    step: str, place: int, output: Output, given: frozenset[str], names: frozenset[str]
) -> tuple[Expectation, ...]:
    """What of an output may differ. Of pages only the title counts, and headers and lost bytes do not."""
    if output.component == "page":
        paths: tuple[Place, ...] = (("url",), ("elements",))
    elif output.component in ("headers", "file"):
        paths = ((),)
    else:
        return volatile(step, place, output.value, given, names)
    return tuple(Expectation(call=step, output=place, kind="volatile", path=path) for path in paths)


class _Builder:
    def __init__(self, session: Session, chosen: list[Call], is_learning: bool = False) -> None:
        self._session = session
        self._is_learning = is_learning
        self._endpoints = {endpoint.id: endpoint for endpoint in session.api.endpoints}
        self._chosen = {call.id for call in chosen}
        self._names = Names()
        self._known: dict[tuple[str, str], str] = {}
        self._secrets = SecretFinder(session.secrets)
        self._flow: Flow
        self._held: dict[str, str] = {}
        """The WebSockets that nobody spoke over, by the names that the page had given itself with them: what is asked
        by the same name needs them open."""
        self._is_watched = bool(session.acts or session.typed)
        """The page reported what the person did."""

    @property
    def variables(self) -> list[Variable]:
        """What the caller may choose."""
        return [
            msgspec.structs.replace(variable, value=self._secrets.replace(variable.value))
            for variable in self._flow.variables
        ]

    @property
    def given(self) -> set[Any]:
        """Values that calls were given by links."""
        return self._flow.given

    @property
    def flow(self) -> Flow:
        """Where what is sent comes from."""
        return self._flow

    def steps(self, also: Collection[str] = ()) -> list[Step]:
        """The steps in order: those that were chosen, and those of the others that these need.

        Args:
            also: ids of calls that are to be made besides.
        """
        session = self._session
        skipped = {call.id for call in session.calls if call.skip or call.id not in self._chosen}
        everything = [*session.calls, *(o.call for o in session.omitted if not o.call.skip)]
        everything.sort(key=lambda call: call.timing.started)
        refused = {(proof.call, proof.input) for proof in session.proofs if proof.proof == "refused"}
        kept = {call.id for call in session.calls}
        self._flow = Flow(session, everything, kept, self._template, refused, self._is_learning)
        traced: dict[str, Traced] = {}
        for call in everything:
            if call.messages:
                # What was heard over a WebSocket may be said again over it.
                self._flow.learn(call)
                traced[call.id] = self._flow.trace(call)
            else:
                traced[call.id] = self._flow.trace(call)
                self._flow.learn(call)
        omitted = {o.call.id for o in session.omitted}
        self._held = {
            text: call.id
            for call in everything
            if call.id in omitted and call.messages and not call.continues
            for value, expression in zip(call.inputs, traced[call.id].inputs, strict=True)
            if words(value.name) & _OF_A_PAGE
            for text in _own_names([expression])
        }
        sends: dict[str, list[Expression]] = {
            id: [
                *t.inputs,
                *t.keys.values(),
                *t.messages,
                *(e for _, e in (*t.segments.values(), *t.cookies)),
            ]
            for id, t in traced.items()
        }
        needed = self._needed(everything, sends, skipped, also)
        made = [call for call in everything if call.id in self._chosen or call.id in needed]
        going_on = {call.continues: call.id for call in made}
        held = set(self._held.values())
        links: dict[str, list[Link]] = {}
        for call in made:
            for link in leaves_of(Link, sends[call.id]):
                links.setdefault(link.step, []).append(link)
        steps = []
        for call in made:
            step = self._step(call, traced[call.id], call.id not in self._chosen)
            root = call.continues or call.id
            closes = going_on.get(root, call.id) == call.id and not (step.setup and root in held)
            if step.setup and call.id in held and call.id not in links:
                step = _greeting(step)
            steps.append(
                msgspec.structs.replace(step, closes=closes, enough=_enough(step, links.get(step.id, ())))
            )
        return _in_order(steps)

    def _template(self, call: Call) -> tuple[str, str]:
        endpoint = self._endpoint(call)
        return endpoint.method, endpoint.path

    def _needed(
        self,
        everything: list[Call],
        sends: dict[str, list[Expression]],
        skipped: set[str],
        also: Collection[str],
    ) -> set[str]:
        """Calls that nobody chose, but whose responses or cookies the chosen ones use."""
        found: set[str] = set(also)
        omitted = {o.call.id for o in self._session.omitted}
        changing = {call.id for call in everything if call.id in omitted and call.code and call.code < 400}
        calls = {call.id: call for call in everything}
        spoken: dict[str, list[Call]] = {call.continues: [] for call in everything if call.continues}
        for call in everything:
            if (root := call.continues or call.id) in spoken:
                spoken[root].append(call)
        setters: dict[tuple[str, str], Call] = {}
        for call in everything:
            for cookie in call.cookies_set:
                setters.setdefault(cookie, call)
        # Where nobody saw who set a cookie, one of the documents before did.
        documents = [c for c in everything if c.how == "document"][:1] + everything[:1]
        queue = [call for call in everything if call.id in self._chosen or call.id in found]
        while queue:
            call = queue.pop()
            wanted = [link.step for link in leaves_of(Link, sends[call.id])]
            if self._held:
                wanted += [self._held[text] for text in _own_names(sends[call.id]) if text in self._held]
            if call.continues:
                wanted += [c.id for c in spoken[call.continues] if c.timing.started <= call.timing.started]
            before = [setters[cookie] for cookie in call.cookies_sent if cookie in setters]
            if not call.cookies_sent and next(leaves_of(Cookie, sends[call.id]), None) is not None:
                before += documents
                before = [c for c in before if c.timing.started < call.timing.started][:1]
            wanted += [c.id for c in before if c.timing.started < call.timing.started]
            for id in wanted:
                if id not in found and id not in self._chosen and (id in changing or id in skipped):
                    found.add(id)
                    queue.append(calls[id])
        return found

    def _endpoint(self, call: Call) -> Endpoint:
        return self._endpoints.get(call.endpoint) or Endpoint(id=call.endpoint)

    def _step(self, call: Call, traced: Traced, setup: bool) -> Step:
        endpoint = self._endpoint(call)
        by_person = not setup and (call.trigger.kind in ("person", "call"))
        arguments = []
        for number, (value, expression) in enumerate(zip(call.inputs, traced.inputs, strict=True)):
            arguments.append(
                Argument(
                    name=value.name,
                    value=self._chosen_by(value, self._secrets.replace(expression), endpoint, by_person),
                    label=value.label,
                    component=value.component,
                    location=value.location,
                    key=self._secrets.replace(traced.keys.get(number)),
                )
            )
        is_own = "://" not in endpoint.path
        if call.login == "basic" and is_own and not any(a.name == "authorization" for a in arguments):
            arguments.append(
                Argument(
                    name="authorization",
                    value=_LOGIN,
                    label="authorization",
                    component="header",
                    location="header",
                )
            )
        if traced.segments:
            endpoint, more = _with_segments(endpoint, traced.segments)
            arguments += [msgspec.structs.replace(a, value=self._secrets.replace(a.value)) for a in more]
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
            redirects=_redirects(call, endpoint, self._session.app.url),
            until=call.until,
            continues=call.continues,
            address=call.address,
            body=call.body,
            charset=call.charset,
            messages=tuple(
                self._message(message, expression, by_person)
                for message, expression in zip(call.messages, traced.messages, strict=True)
            ),
            origins=traced.origins,
            cookies=tuple((name, self._secrets.replace(value)) for name, value in traced.cookies),
        )

    def _message(self, message: Message, expression: Expression, by_person: bool) -> Message:
        if not message.sent:
            return message
        value: Expression = self._secrets.replace(expression)
        by_person = by_person and not self._is_watched
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
            or self._is_watched
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
        spelled = json.dumps(encode_value(plain), sort_keys=True, default=str)
        return self._flow.variable(f"argument {name}", spelled, name, expression, python_type(plain))


def _redirects(call: Call, endpoint: Endpoint, root: str) -> bool:
    """See :attr:`recorder.workflow.Step.redirects`."""
    page = next((output.value for output in call.outputs if output.component == "page"), None)
    if call.how != "form" or endpoint.method != "POST" or page is None or "://" in endpoint.path:
        return False
    path = str(page["url"]).partition("?")[0].removeprefix(parts_of(root).path.rstrip("/"))
    pattern = "[^/]*".join(map(re.escape, re.split(r"\{[^{}]*\}", endpoint.path)))
    return re.fullmatch(pattern, path) is None


_OF_A_PAGE = frozenset({"id", "sid", "uid", "session", "client", "connection", "channel", "tab", "window"})
"""Words for what a page calls itself by."""


def _own_names(values: list[Expression]) -> set[str]:
    """Texts that came from nowhere and can hardly be there by chance; no secrets, which say who the person is."""
    return {
        value
        for _, value in scalars(values)
        if isinstance(value, str)
        and rarity(value) >= 3
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


def _enough(step: Step, links: Iterable[Link]) -> tuple[Item, ...]:
    """What must have arrived over a stream without an end, for later steps."""
    found: list[Item] = []
    if step.cancel_after is not None:
        for link in links:
            if step.outputs[link.output].component in STREAMS:
                if link.path and isinstance(link.path[0], Item) and link.path[0] not in found:
                    found.append(link.path[0])
    return tuple(found)


def _with_segments(
    endpoint: Endpoint, segments: Mapping[int, tuple[str, Expression]]
) -> tuple[Endpoint, list[Argument]]:
    """The endpoint with parameters in place of literal segments of its path, and their arguments."""
    origin, slash, path = endpoint.path.partition("/")
    if "://" in endpoint.path:
        scheme, _, rest = endpoint.path.partition("://")
        host, slash, path = rest.partition("/")
        origin = f"{scheme}://{host}"
    pieces = path.split("/")
    taken = Names(re.findall(r"\{([^{}/]+)\}", endpoint.path))
    arguments = []
    for number, (name, expression) in segments.items():
        chosen = taken.free(name)
        pieces[number - 1] = f"{{{chosen}}}"
        arguments.append(Argument(name=chosen, value=expression, component="path", location="path"))
    return msgspec.structs.replace(endpoint, path=f"{origin}{slash}{'/'.join(pieces)}"), arguments


def _most(call: Call) -> int | None:
    """How many messages of an answer to take; None for all. An event source has no end but that which its page sets."""
    is_cut = call.how == "eventsource" or call.status in ("cancelled", "unfinished")
    answer = call.outputs[0] if call.outputs else Value()
    return len(answer.value) if is_cut and answer.component in ("events", "lines") else None


def _is_file(expression: Expression) -> bool:
    return isinstance(expression, File) and bool(expression.path)
