"""Where one sent value came from: typed, received, generated or constant, with the evidence.

Candidates are weighed by what was observed: who sent the value first and when, the names on both sides, the
record that the person clicked, and the record that other values of the same request came from. How a value
looks only counts as how unlikely an equality by chance is.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from recorder.dataflow.choice import Chooser, Clue
from recorder.dataflow.forms import Form
from recorder.dataflow.made import Own, moment
from recorder.dataflow.missed import Open, tokens
from recorder.dataflow.person import Person, collapsed
from recorder.dataflow.received import STREAMS, Received, Source
from recorder.dataflow.sent import (
    LOCAL,
    LONG_TOKEN,
    PATH,
    PERCENT,
    SCHEME,
    XML,
    XML_VALUE,
    Slot,
    Sought,
    base64_parts,
    counters,
    is_within_word,
    named_beside,
    pairs_of,
    seek_call,
    seek_made,
    steps,
    texts_of,
)
from recorder.dataflow.texts import IDENTIFYING, agreement, id_after, rarity, words
from recorder.dataflow.whole import Whole, counterpart, is_same, is_state
from recorder.placeholders import PLACEHOLDER
from recorder.request import as_text, follow, framed, scalars, unbase64, value_at
from recorder.session import Call, File, Learnt, Made, Place, Session, Typed
from recorder.workflow import (
    AppUrl,
    Cookie,
    Digest,
    Expression,
    Extended,
    Item,
    Link,
    Object,
    Origin,
    Reader,
    Spelled,
    Text,
    Variable,
    VariableRef,
)

ENOUGH = 4
"""The weight from which an equality counts as a link: see :meth:`Flow._weigh`."""
_RPC = frozenset({"jsonrpc", "id", "method"})


class Traced(msgspec.Struct, frozen=True, kw_only=True):
    """What one call sends, as expressions in wire order; ``keys`` are names of arguments that are expressions;
    ``segments`` are literal segments of the path that turned out to vary, by their position."""

    inputs: tuple[Expression, ...]
    keys: Mapping[int, Expression]
    messages: tuple[Expression, ...]
    segments: Mapping[int, tuple[str, Expression]]
    origins: tuple[Origin, ...]
    cookies: tuple[tuple[str, Expression], ...] = ()
    """Cookies that the page had set itself."""


class Flow:
    """The data flow of one session. Feed it the calls in the order in which they began: :meth:`trace` what each
    sends, then :meth:`learn` what it received.

    Args:
        calls: all calls, also those that the person did not make.
        kept: ids of the calls that the person made.
        template: the path template of a call.
        refused: inputs, by call and position, that replays have shown to be no links.
        is_learning: note the constants, for :attr:`open`.
    """

    def __init__(
        self,
        session: Session,
        calls: list[Call],
        kept: Iterable[str],
        template: Callable[[Call], tuple[str, str]],
        refused: Iterable[tuple[str, int]] = (),
        is_learning: bool = False,
    ) -> None:
        self._is_learning = is_learning
        self._template = template
        self._taught = frozenset((known.call, known.input) for known in session.learnt)
        """Inputs of a part of which replays taught something."""
        self._refused = frozenset(refused) - self._taught
        self._claims = {s.placeholder: s.claims for s in session.secrets if s.placeholder}
        self._placeholders = frozenset(self._claims)
        self._person = Person(session)
        self._root = session.app.url.rstrip("/")
        self._counters = counters(calls)
        sought = Sought()
        for call in calls:
            seek_call(call, template(call)[1], sought)
        seek_made(session.made, sought)
        self._own = Own(session.made, sought, self._person.by_text)
        self._own_cookies: dict[str, list[Made]] = {}
        """What the page set each cookie to."""
        for made in session.made:
            if made.how == "cookie":
                self._own_cookies.setdefault(made.name, []).append(made)
        self._by_app = {
            cookie: call.timing.started for call in reversed(calls) for cookie in call.cookies_set
        }
        self._calls = {call.id: call for call in calls}
        self._kept = frozenset(kept)
        self._received = Received(sought, self._kept, self._claims)
        self._learnt: dict[tuple[str, int, Place], list[Learnt]] = {}
        for known in session.learnt:
            self._learnt.setdefault((known.call, known.input, known.path), []).append(known)
        self._open: dict[str, list[Open]] = {}
        self._chooser = Chooser(self._person.chosen, self._received.parse)
        self._sent: dict[str, float] = {}
        self._documents: dict[str, Call] = {}
        """The latest call that brought each document."""
        self.given: set[Any] = set()
        """Values that turned out to be links."""
        self._used: dict[tuple[str, Link], set[tuple[str, tuple[Any, ...]]]] = {}
        """Texts that turned out to be links, each with its place, and the slots in which they were sent."""
        # Of the call that is traced:
        self._call: Call
        self._nouns: frozenset[str]
        self._form: tuple[Form, str, int] | None
        self._cookies: dict[str, str]
        self._counts: Counter[str] | None
        self._records: set[tuple[str, int, tuple[Any, ...]]]
        self._weak: bool
        self._noticed: tuple[list[Clue], frozenset[str]] | None
        self._origins: list[Origin]

    @property
    def variables(self) -> list[Variable]:
        """What the caller may choose."""
        return self._person.variables

    def variable(self, control: str, typed: str, name: str, value: Expression, type: str) -> VariableRef:
        """See :meth:`recorder.dataflow.person.Person.variable`."""
        return self._person.variable(control, typed, name, value, type)

    @property
    def open(self) -> list[Open]:
        """The constants, as far as calls were traced: values that nothing explains."""
        return [each for found in self._open.values() for each in found]

    def given_anywhere(self, opened: Iterable[Open]) -> Received:
        """Every place where the app gave the text of a constant, or a part of it."""
        sought = Sought(least=1)
        for each in opened:
            for text in (each.text, *tokens(each.text)):
                sought.add(text)
        received = Received(sought, self._kept, self._claims)
        for call in self._calls.values():
            if call.status in ("ok", "unfinished", "cancelled"):
                method, path = self._template(call)
                received.learn(call, words(path), method in ("GET", "HEAD"), pairs_of(call, path))
        return received

    # One call

    def trace(self, call: Call) -> Traced:
        """Where each value that a call sends came from."""
        self._call = call
        _, path = self._template(call)
        self._nouns = words(path)
        self._form = self._form_of(call)
        self._cookies = {cookie: name for name, cookie in call.cookies}
        self._counts = None
        self._noticed = None
        self._records, self._weak = set(), False
        before = self._person.state()
        traced = self._traced(call, path)
        if self._weak and self._records:
            # A value that says little by itself is a link where others come from the same record.
            self._person.restore(before)
            traced = self._traced(call, path)
        self._person.after(call)
        return traced

    def _noticeable(self) -> tuple[list[Clue], frozenset[str]]:
        """See :meth:`recorder.dataflow.person.Person.clues`."""
        if self._noticed is None:
            self._noticed = self._person.clues(self._call)
        return self._noticed

    def _is_alone(self, text: str) -> bool:
        """Whether the call sends a text once."""
        if self._counts is None:
            self._counts = Counter(texts_of(self._call))
        return self._counts.get(text, 1) == 1

    def _traced(self, call: Call, path: str) -> Traced:
        self._origins = []
        self._open[call.id] = []
        inputs: list[Expression] = []
        keys: dict[int, Expression] = {}
        is_rpc = {value.name for value in call.inputs} >= {"jsonrpc", "method"}
        members = {v.name: v.value for v in call.inputs if v.location == "json" and v.name}
        whole = self._counterpart(members, call.timing.started) if len(members) > 1 and not is_rpc else None
        for number, value in enumerate(call.inputs):
            place = Slot(name=value.name or "", location=value.location, argument=number)
            is_refused = (call.id, number) in self._refused
            if value.variable is not None or is_refused:
                inputs.append(value.value)
                continue
            if is_rpc and value.location == "json" and value.name in _RPC:
                self._note(place, "constant", "part of the JSON-RPC protocol")
                inputs.append(value.value)
                continue
            if whole is not None and value.location == "json" and (call.id, number) not in self._taught:
                inputs.append(self._member(value.name, value.value, whole, place, call.timing.started))
            else:
                inputs.append(self._value(value.value, place, call.timing.started))
            if value.name and value.location in ("form", "multipart", "json", "query"):
                key = self._key(value.name, msgspec.structs.replace(place, name=""), call.timing.started)
                if key is not None:
                    keys[number] = key
        messages = []
        for number, message in enumerate(call.messages):
            if not message.sent:
                messages.append(message.value)
                continue
            place = Slot(name="", location="message", argument=-1, path=(number,))
            messages.append(self._value(message.value, place, call.timing.started + message.at))
        return Traced(
            inputs=tuple(inputs),
            keys=keys,
            messages=tuple(messages),
            segments=dict(self._segments(call, path)),
            cookies=tuple(self._cookies_of_page(call)),
            origins=tuple(self._origins),
        )

    def _cookies_of_page(self, call: Call) -> Iterator[tuple[str, Expression]]:
        """The cookies of a request that the page had set, not the app."""
        at = call.timing.started
        for name, digest in call.cookies_sent:
            made = [m for m in self._own_cookies.get(name, ()) if m.at <= at + 1]
            if not made or self._by_app.get((name, digest), at) < at:
                continue
            place = Slot(name=name, location="header", argument=-3, path=(name,))
            yield name, self._value(made[-1].value, place, at)

    def _segments(self, call: Call, path: str) -> Iterator[tuple[int, tuple[str, Expression]]]:
        before = ""
        base = path.partition("://")[2].count("/") and len(path.split("://")[0]) + 3 if "://" in path else 0
        pieces = path[base:].split("/") if base else path.split("/")
        for number, raw in enumerate(pieces):
            segment = unquote(raw)
            if number == 0 or not segment or (segment.startswith("{") and segment.endswith("}")):
                continue
            name = id_after(before) if before else "id"
            place = Slot(name=name, location="segment", argument=-2, path=(number,))
            traced = self._value(segment, place, call.timing.started)
            if isinstance(traced, str):
                before = segment
                continue
            yield number, (name, traced)

    def _form_of(self, call: Call) -> tuple[Form, str, int] | None:
        """The form that a call submitted, and the call and output that showed it."""
        shown = self._documents.get(call.page)
        if call.how != "form" or shown is None or shown.timing.started > call.timing.started:
            return None
        for number, output in enumerate(shown.outputs):
            if output.component == "page":
                fields = [
                    (value.name, "" if isinstance(value.value, File) else as_text(value.value))
                    for value in call.inputs
                    if value.location in ("form", "multipart", "query")
                ]
                form = Form(output.value["elements"], self._template(call)[1], fields)
                return form, shown.id, number
        return None

    def _form_field(self, text: str, place: Slot, at: float) -> Expression | None:
        """The value of a field that the person did not type, out of the document that showed the form."""
        if self._form is None or place.path or place.location not in ("form", "multipart", "query"):
            return None
        form, step, output = self._form
        chosen = self._person.choice(place.name, text, at)
        shown: Expression | None = None
        if chosen is not None:
            clue = Clue(text=collapsed(chosen), rank=3)
            shown = self._person.chosen(clue, place.name)
        field = form.field(place.name, text, shown)
        if field is None:
            # Chosen in a way that the document does not tell: the value as it was, not one that is equal by chance.
            # The options of an empty list came from elsewhere.
            is_told = form.has(place.name) and not form.is_empty_list(place.name)
            return text if is_told and rarity(text) < 3 else None
        if field.label and shown is not None and chosen is not None and collapsed(chosen) != field.label:
            return None
        self._note(
            place, "chosen" if chosen is not None else "received", "a field of the form that was submitted"
        )
        self.given.add(text)
        path = ("elements", field.item, field.attribute)
        self._records.add((step, output, ("elements",)))
        link = Link(step=step, output=output, path=path)
        return self._in_row(link) if isinstance(field.item, int) else link

    def _in_row(self, link: Link) -> Link:
        """A link into the document of a form, with the element selected by what the person chose."""
        value = self._calls[link.step].outputs[link.output].value
        return self._chooser.link(link, value, "page", self._noticeable()[0], made=0)

    def _field_name(self, key: str, place: Slot) -> Expression | None:
        """The name of a field of the submitted form: of several rows that number their fields, the name in the row
        that the person chose; else a constant."""
        assert self._form is not None
        form, step, output = self._form
        number = form.number_of(key)
        if number is None or not any(map(str.isdigit, key)):
            return None
        link = self._in_row(Link(step=step, output=output, path=("elements", number, "name")))
        item = link.path[1]
        if not isinstance(item, Item) or (item.after is None and item.before is None):
            return None
        self._note(place, "received", "the name of a field in the row that the person used")
        return link

    def learn(self, call: Call) -> None:
        """Index what a call received, and remember what it sent."""
        if call.shows:
            self._documents[call.shows] = call
        method, path = self._template(call)
        for message in call.messages:
            if message.sent:
                for text in (as_text(leaf) for _, leaf in scalars(message.value)):
                    self._sent.setdefault(text, call.timing.started + message.at)
        # What is heard over a WebSocket is no echo of what is said over it, only of how it was opened.
        sent = list(pairs_of(msgspec.structs.replace(call, messages=()), path))
        for text, _ in sent:
            self._sent.setdefault(text, call.timing.started)
        if call.status in ("ok", "unfinished", "cancelled"):
            self._received.learn(call, words(path), method in ("GET", "HEAD"), sent)

    # Values

    def _value(self, value: Any, place: Slot, at: float) -> Expression:
        if isinstance(value, dict | list) and place.location in ("json", "message"):
            is_taught = (self._call.id, place.argument) in self._taught
            whole = None if is_taught else self._counterpart(value, at)
            if whole is not None:
                return self._given(value, whole, place, at)
        if isinstance(value, dict):
            return self._object(value, place, at)
        if isinstance(value, list):
            return [
                self._value(item, msgspec.structs.replace(place, path=(*place.path, number)), at)
                for number, item in enumerate(value)
            ]
        if value is None:
            return value
        if isinstance(value, File):
            return self._file(value, place, at)
        text = as_text(value)
        found = self._whole(value, text, place, at)
        if found is not None:
            return found
        inside = self._inside(value, place, at) if isinstance(value, str) else None
        if not self._is_learning:
            return value if inside is None else inside
        pieces = inside.pieces if isinstance(inside, Text) else (value,) if inside is None else ()
        for piece in pieces:
            if isinstance(piece, msgspec.Struct) or not (constant := as_text(piece)).strip():
                continue
            self._add_open(constant, value, place, at)
            if PERCENT.search(constant) and constant == value:
                self._add_open(unquote(constant), value, place, at)
        return value if inside is None else inside

    def _add_open(self, text: str, value: Any, place: Slot, at: float) -> None:
        if PLACEHOLDER.search(text) or isinstance(value, bool):
            return
        self._open[self._call.id].append(
            Open(
                call=self._call.id,
                input=place.argument,
                path=place.path,
                text=text,
                value=value,
                name=place.name,
                location=place.location,
                nouns=self._nouns,
                at=at,
            )
        )

    def _object(self, value: dict[str, Any], place: Slot, at: float) -> Expression:
        is_rpc = "jsonrpc" in value and "method" in value
        about = named_beside(value)
        members: list[tuple[Expression, Expression]] = []
        for key, item in value.items():
            name = about if key == "value" and about else str(key)
            inner = msgspec.structs.replace(place, name=name, path=(*place.path, str(key)))
            if is_rpc and key in _RPC:
                members.append((key, item))
                continue
            traced = self._key(str(key), msgspec.structs.replace(inner, name=""), at)
            members.append((key if traced is None else traced, self._value(item, inner, at)))
        return _object_of(members)

    # Objects that are sent back

    def _counterpart(self, value: Any, at: float) -> Whole | None:
        shown = self._documents.get(self._call.page)
        document = shown.id if shown is not None else ""
        return counterpart(value, lambda text: self._received.places(text, at, document))

    def _given(self, value: Any, whole: Whole, place: Slot, at: float) -> Expression:
        """An object, list or value as the app gave it, with what is different."""
        if is_same(value, whole.value):
            return self._given_link(value, whole, place)
        if isinstance(value, list):
            start = len(whole.value)
            slots = [msgspec.structs.replace(place, path=(*place.path, n)) for n in range(len(value))]
            more = [self._value(value[n], slots[n], at) for n in range(start, len(value))]
            return Extended(base=self._given_link(value[:start], whole, place), value=more)
        is_all = value.keys() >= whole.value.keys()
        members: list[tuple[Expression, Expression]] = []
        same = {}
        for key, item in value.items():
            inner = msgspec.structs.replace(place, name=key, path=(*place.path, key))
            if is_all and key in whole.value and self._is_as_given(item, whole.value[key], inner, at):
                same[key] = item
                continue
            traced = self._key(key, msgspec.structs.replace(inner, name=""), at)
            members.append((key if traced is None else traced, self._member(key, item, whole, inner, at)))
        made = _object_of(members)
        return Extended(base=self._given_link(same, whole, place), value=made) if same else made

    def _member(self, key: str, item: Any, whole: Whole, place: Slot, at: float) -> Expression:
        """A member of an object that the app gave, which may be different now."""
        if key not in whole.value:
            return self._value(item, place, at)
        if self._is_as_given(item, whole.value[key], place, at):
            return self._given_link(item, whole.member(key), place)
        if is_state(item, whole.value[key]):
            return self._given(item, whole.member(key), place, at)
        return self._value(item, place, at)

    def _is_as_given(self, item: Any, given: Any, place: Slot, at: float) -> bool:
        """Whether a member is as the app gave it, and not what the person typed there."""
        if not is_same(item, given):
            return False
        if isinstance(item, dict | list):
            return True
        return self._person.typed_as(item, as_text(item), place, at, lambda _: False)[1] < 1

    def _given_link(self, value: Any, whole: Whole, place: Slot) -> Expression:
        self._note(place, "received", f"the app gave it in {whole.link.step}, and it is sent back")
        self.given.update(leaf for _, leaf in scalars(value))
        output, made = whole.source.output, whole.source.made
        self._records.add((whole.link.step, whole.link.output, (*whole.link.path, *whole.inside)))
        return whole.chosen(
            lambda link: self._chooser.link(
                link, output.value, output.component, self._noticeable()[0], made=made
            )
        )

    def _key(self, key: str, place: Slot, at: float) -> Expression | None:
        """An expression for the name of a member or a field; None for a constant."""
        if len(key) < 3:
            return None
        if self._form is not None and not place.path and self._form[0].has(key):
            named = self._field_name(key, place)
            if named is not None or all(rarity(token) < 2 for token in (key, *tokens(key))):
                return named
        is_learnt = any(
            e.text == key for e in self._learnt.get((self._call.id, place.argument, place.path), ())
        )
        if (rarity(key) >= 3 or is_learnt) and (found := self._whole(key, key, place, at)) is not None:
            return found
        found = self._part(key, place, at)
        if found is None and self._is_learning and (rarity(key) >= 2 or tokens(key)):
            self._add_open(key, key, msgspec.structs.replace(place, location="key"), at)
        return found

    def _file(self, file: File, place: Slot, at: float) -> Expression:
        if not file.path:
            return file
        typed = self._person.upload(file.name, at)
        if typed is not None:
            self._note(place, "typed", f"the file {file.name!r} was uploaded")
        else:
            self._note(place, "chosen", "a file that the recording does not show as uploaded by the person")
        label = (typed.label or typed.field) if typed is not None else place.name
        control = typed.control if typed is not None else f"file {place.name}"
        return self._person.plain(control, f"{file.sha256} {file.name}", label or "file", file)

    def _note(self, place: Slot, origin: Any, why: str) -> None:
        self._origins.append(Origin(argument=place.argument, path=place.path, origin=origin, why=why))

    def _whole(self, value: Any, text: str, place: Slot, at: float) -> Expression | None:
        """The expression for a value that is one thing as a whole; None for a constant, or what may have others
        inside."""
        if not text:
            return None
        for known in self._learnt.get((self._call.id, place.argument, place.path), ()):
            if known.text == text and (learnt := self._as_learnt(known, value, place, at)) is not None:
                return learnt
        generated = self._own.random(text, at, place.name) if isinstance(value, str) else None
        if generated is not None:
            self._note(place, "generated", "the page drew random bytes that are written like this")
            return generated
        typed, closeness = self._person.typed_as(value, text, place, at, self._is_alone)
        is_choice = typed is not None and typed.kind in ("choice", "check") and typed.shown != text
        if (typed is None or is_choice) and (field := self._form_field(text, place, at)) is not None:
            return value if isinstance(field, str) else field
        source, weight, why = self._source(value, text, place, at)
        cookie = self._cookie(text, place, source)
        if cookie is not None:
            self._note(place, "received", f"the value of the cookie {cookie.name}")
            return cookie
        if typed is not None and not self._prefers_source(typed, closeness, source, weight, text):
            self._person.consume(typed)
            self._note(place, "typed", f"typed into {typed.label or typed.field or 'a control'!r}")
            is_text = place.location not in ("json", "message") and typed.kind == "text"
            name = typed.label or typed.field or place.name
            sent = text if is_text else value
            variable = self._person.plain(typed.control, typed.value, name, sent, typed.field or place.name)
            default = next(v.value for v in self._person.variables if v.name == variable.name)
            is_json = place.location in ("json", "message")
            return (
                Text(pieces=(variable,))
                if is_json and isinstance(value, str) and not isinstance(default, str)
                else variable
            )
        if source is not None and (chosen := self._named_by_person(source, value, text, place)) is not None:
            return chosen
        if source is not None:
            return self._linked(source, value, text, place, why)
        if isinstance(value, str) and (digested := self._own.digest(text, at)) is not None:
            if digested.of is None:
                self._note(place, "constant", "a digest of bytes that are not text")
                return None
            inner = self._value(digested.of, msgspec.structs.replace(place, location="part"), at)
            self._note(place, "generated", f"the {digested.algorithm} digest of a known text")
            return Digest(algorithm=digested.algorithm, form=digested.form, value=inner)  # type: ignore[arg-type]
        if (now := moment(value, at)) is not None:
            self._note(place, "generated", "the moment at which the request was sent")
            if isinstance(value, str) and now.form != "iso":
                return Text(pieces=(now,))
            return now
        return None

    def _as_learnt(self, known: Learnt, value: Any, place: Slot, at: float) -> Expression | None:
        """What replays showed of a value; None where the session does not have what it was learnt of."""
        if known.origin == "generated":
            fresh = self._own.like(known.text, at, place.name)
            if fresh is None:
                return None
            self._note(place, "generated", known.evidence)
            return Text(pieces=(fresh,)) if isinstance(value, str) and fresh.kind == "time" else fresh
        call = self._calls.get(known.source)
        if call is None or known.output >= len(call.outputs):
            return None
        output = call.outputs[known.output]
        readers = tuple(Reader(kind=kind, path=path) for kind, path in known.readers)
        link = Link(step=call.id, output=known.output, path=known.at, readers=readers)
        try:
            given = follow(link, output.value)
        except (LookupError, TypeError, ValueError):
            return None
        source = Source(
            link=link,
            key=place.name,
            value=given,
            at=at,
            order=0,
            kept=call.id in self._kept,
            reading=(reading := self._template(call)[0] in ("GET", "HEAD") or call.id not in self._kept),
            around=frozenset(),
            output=output,
            made=0 if reading else 1,
        )
        return self._linked(source, value, known.text, place, known.evidence)

    def _named_by_person(self, source: Source, value: Any, text: str, place: Slot) -> Expression | None:
        """A name that the person clicked, out of a list: it is the choice itself, wherever in the list it stands."""
        if not source.listed or not source.reading or not isinstance(value, str) or rarity(text) > 2:
            return None
        clue = next(
            (c for c in sorted(self._noticeable()[0], key=lambda c: -c.rank) if c.text == collapsed(text)),
            None,
        )
        if clue is None:
            return None
        self._note(place, "chosen", "the person clicked on it")
        return self._person.chosen(clue, place.name)

    def _linked(self, source: Source, value: Any, text: str, place: Slot, why: str) -> Expression:
        self._note(place, "received", why)
        self.given.add(value)
        self._records.add(source.record)
        self._used.setdefault((text, source.link), set()).add(_slot(place))
        link = self._chooser.link(
            source.link,
            source.output.value,
            source.output.component,
            self._noticeable()[0],
            made=source.made,
        )
        if place.location in ("json", "message"):
            if isinstance(value, str) and not isinstance(source.value, str):
                return Text(pieces=(link,))
            if not isinstance(value, str) and isinstance(source.value, str):
                return msgspec.structs.replace(link, readers=(*link.readers, Reader(kind="json")))
        return link

    def _prefers_source(
        self, typed: Typed, closeness: int, source: Source | None, weight: int, text: str
    ) -> bool:
        if source is None:
            return False
        if typed.kind == "choice" and typed.shown and typed.shown != text and weight >= ENOUGH:
            return True
        return rarity(text) <= 2 and closeness == 0 and weight >= ENOUGH + 1

    # Received

    def _source(self, value: Any, text: str, place: Slot, at: float) -> tuple[Source | None, int, str]:
        """The place in an earlier response that a value came from, its weight, and why."""
        shown = self._documents.get(self._call.page)
        places = self._received.places(text, at, shown.id if shown is not None else "")
        if not places or rarity(value) == 0:
            return None, 0, ""
        is_counter = (place.argument, place.path) in self._counters.get(self._call.id, ())
        if is_counter and not words(place.name) & IDENTIFYING - {"id"}:
            return None, 0, ""
        ranked = []
        first_sent = self._sent.get(text)
        for source in places:
            weight, agree, reasons = self._weigh(value, text, place, source)
            if is_counter and source.key != place.name:
                continue
            if weight < ENOUGH and rarity(value) < 3:
                self._weak = True
                continue
            if first_sent is not None and first_sent < source.at and agree < 3:
                continue
            chosen = "clicked" in reasons or "used" in reasons
            # What the person clicked on was what was shown last.
            latest = source.order if chosen and source.reading and self._is_named(source) else 0
            here = shown is not None and source.link.step == shown.id
            rank = (
                not _by_position(source),
                agree,
                chosen,
                latest,
                here,
                source.kept,
                not source.listed,
                -source.order,
            )
            ranked.append((rank, weight, reasons, source))
        if not ranked:
            return None, 0, ""
        _, weight, reasons, source = max(ranked, key=lambda entry: entry[0])
        place_of = ".".join(map(str, source.link.path)) or source.output.label
        why = f"received in {source.link.step} ({place_of})" + "".join(f"; {_REASONS[r]}" for r in reasons)
        return source, weight, why

    def _weigh(self, value: Any, text: str, place: Slot, source: Source) -> tuple[int, int, list[str]]:
        """How much speaks for a link: the weight, the agreement of the names, and the reasons."""
        reasons: list[str] = []
        weight = rarity(value)
        last = source.link.readers[-1].kind if source.link.readers else ""
        if (
            last == "segment"
            and weight <= 1
            and not text.isdigit()
            and self._received.routes.get(text, 0) > 1
        ):
            # A word that several addresses have in common is a part of the app's routes.
            return 0, 0, reasons
        if weight >= 3:
            reasons.append("rare")
        agree = 0
        attribute = source.link.path[-1] if source.output.component == "page" else "value"
        is_of_page = not text.isdigit() and not _holds_values(str(attribute))
        if (
            weight <= 1
            and is_of_page
            and not (last == "query" and self._chooser.varies(source.output, source.link))
        ):
            # A word in the markup is a constant of the page, too.
            return 0, 0, reasons
        if place.location != "message" or place.name:
            agree = agreement(place.name, self._nouns, source.key, source.around)
        had = words(source.key)
        if place.location == "form" and source.key == place.name and source.output.component == "page":
            agree = 3
        if place.location in ("path", "segment") and agree < 2 and had & _NAMES:
            agree = 2 if (words(place.name) - {"id"}) & source.around else 1
        is_literal = any(reader.kind == "literal" for reader in source.link.readers)
        if is_literal and weight <= 1 and not text.isdigit() and not (agree >= 2 and had & IDENTIFYING):
            # A word in a script is a constant of the page.
            return 0, 0, reasons
        if agree:
            reasons.append("names")
        is_small = weight <= 1
        weight += agree
        if source.record in self._records and (agree or not is_small):
            weight += 2
            reasons.append("record")
        if self._chooser.mentions(
            source.output.value, source.output.component, source.link, self._noticeable()[1]
        ):
            weight += 3 if agree or not is_small or had & IDENTIFYING else 2
            reasons.append("clicked")
        if (slots := self._used.get((text, source.link))) is not None:
            # What an earlier request sent from there may be sent again, a small number in the same slot.
            is_same = _slot(place) in slots
            if is_same or not is_small:
                weight += 3 if is_same else 2
                reasons.append("used")
        if (
            not source.reading
            and source.kept
            and (had & IDENTIFYING or place.location in ("path", "segment"))
        ):
            weight += 1
            reasons.append("created")
        return weight, agree, reasons

    def _is_named(self, source: Source) -> bool:
        """Whether the value is in the element that the person clicked or the option that was chosen, by its text."""
        text = self._chooser.holder(source.output.value, source.output.component, source.link).get("text")
        clues = self._noticeable()[0]
        return bool(text) and any((clue.own or clue.typed) and clue.text == text for clue in clues)

    def _cookie(self, text: str, place: Slot, source: Source | None) -> Cookie | None:
        if (
            place.location not in ("header", "form", "multipart", "json", "query")
            or text not in self._cookies
        ):
            return None
        if rarity(text) < 2:
            return None
        if source is not None and source.output.component == "page" and source.key == place.name:
            return None
        return Cookie(name=self._cookies[text], decoded=True)

    # Inside a longer text

    def _inside(self, text: str, place: Slot, at: float) -> Expression | None:
        """An expression for a text that has known values inside; None for a constant."""
        if place.location == "header" and (match := SCHEME.fullmatch(text)) is not None:
            rest = self._value(match[2], place, at)
            return Text(pieces=(match[1], rest)) if not isinstance(rest, str) else None
        if place.location == "message" and (around := framed(text)) is not None:
            before, inner, after = around
            traced = self._value(inner, place, at)
            if traced != inner:
                head = self._part(before, place, at) or before
                pieces = (head, Spelled(kind="json", value=traced), after)
                return Text(pieces=tuple(piece for piece in pieces if piece != ""))
        if text[:1] in "{[" and text[-1:] in "}]":
            try:
                inner = json.loads(text)
            except (ValueError, RecursionError):
                inner = None
            if isinstance(inner, dict | list):
                nested = msgspec.structs.replace(place, location="json")
                traced = self._value(inner, nested, at)
                if traced == inner:
                    return None
                if json.dumps(inner, separators=(",", ":"), ensure_ascii=False) == text:
                    return Spelled(kind="json", value=traced)
        if PERCENT.search(text) and (plain := unquote(text)) != text and " " not in text:
            found = self._whole(plain, plain, msgspec.structs.replace(place, location="header"), at)
            if found is not None and quote(plain, safe="!'()*~") == text:
                return Spelled(kind="percent", value=found)
        if len(text) >= 12 and (decoded := unbase64(text)) is not None:
            traced = self._value(decoded, msgspec.structs.replace(place, location="header"), at)
            if traced != decoded:
                return _in_base64(text, traced)
            return None
        return self._part(text, place, at)

    def _part(self, text: str, place: Slot, at: float) -> Expression | None:
        """With expressions for the parts of a text that were received, typed or made; None where there are none."""
        if len(text) < 3 or text in self._placeholders:
            return None
        spans = list(self._spans(text, place, at))
        if not spans:
            return None
        spans.sort(key=lambda span: (span[0], -span[1]))
        pieces: list[Expression] = []
        end = 0
        for start, stop, expression in spans:
            if start < end:
                continue
            if start > end:
                pieces.append(text[end:start])
            pieces.append(expression)
            end = stop
        if end < len(text):
            pieces.append(text[end:])
        return pieces[0] if len(pieces) == 1 else Text(pieces=tuple(pieces))

    def _spans(self, text: str, place: Slot, at: float) -> Iterator[tuple[int, int, Expression]]:
        taken: list[tuple[int, int]] = []

        def is_free(start: int, stop: int) -> bool:
            return all(stop <= a or start >= b for a, b in taken)

        for learnt in self._learnt.get((self._call.id, place.argument, place.path), ()):
            if learnt.text == text:
                continue
            for match in re.finditer(re.escape(learnt.text), text):
                start, stop = match.span()
                if not is_free(start, stop) or is_within_word(text, start, stop):
                    continue
                part = msgspec.structs.replace(place, location="part")
                if (found := self._as_learnt(learnt, learnt.text, part, at)) is not None:
                    taken.append((start, stop))
                    yield start, stop, found
        if self._root and (start := text.find(self._root)) >= 0:
            stop = start + len(self._root)
            if (
                text[stop : stop + 1] in ("", "/", "?", "#", '"', "'", "&", " ")
                and place.location != "segment"
            ):
                taken.append((start, stop))
                yield start, stop, AppUrl()
        may_be_typed = place.name or place.location in ("message", "body", "part")
        for known, _ in self._person.parts.possible(text) if may_be_typed else ():
            start = text.find(known)
            if start < 0 or len(known) == len(text) or not is_free(start, start + len(known)):
                continue
            around = text[start - 1 : start] + text[start + len(known) : start + len(known) + 1]
            typed = self._person.latest(known, at)
            if typed is None or any(c.isalnum() for c in around):
                continue
            if place.location == "segment" and rarity(known) < 2 and not text.startswith(f"{known}."):
                # A word in a path is rather the app's: `wp-admin` has nothing of a user `admin`.
                continue
            taken.append((start, start + len(known)))
            if typed.kind == "choice" and (found := self._token(known, text[:start], place, at)) is not None:
                yield start, start + len(known), found
                continue
            self._note(place, "typed", f"contains what was typed into {typed.label or typed.field!r}")
            yield (
                start,
                start + len(known),
                self._person.plain(typed.control, typed.value, typed.label or typed.field, known),
            )
        done: set[str] = set()
        for known, written in self._received.parts.possible(text):
            start = text.find(written)
            stop = start + len(written)
            if known in done or start < 0 or len(written) == len(text) or not is_free(start, stop):
                continue
            if len(written) < 16 and is_within_word(text, start, stop):
                continue
            found = self._token(known, text[:start], place, at)
            if found is not None:
                done.add(known)
                taken.append((start, stop))
                yield start, stop, found if written == known else Spelled(kind="percent", value=found)
        if PATH.fullmatch(text) is not None:
            for start, stop, route in steps(text):
                raw = text[start:stop]
                if is_free(start, stop) and stop - start < len(text):
                    found = self._token(unquote(raw), "", place, at, route)
                    if found is not None:
                        taken.append((start, stop))
                        yield (
                            start,
                            stop,
                            found if unquote(raw) == raw else Spelled(kind="percent", value=found),
                        )
        for match, decoded in base64_parts(text):
            start, stop = match.span()
            if not is_free(start, stop):
                continue
            traced = self._value(decoded, msgspec.structs.replace(place, location="header"), at)
            if traced != decoded:
                taken.append((start, stop))
                yield start, stop, _in_base64(match[0], traced)
        if XML.match(text) is None:
            tokens: Iterable[re.Match[str]] = (m for m in LONG_TOKEN.finditer(text) if self._is_own(m[0]))
        else:
            tokens = XML_VALUE.finditer(text)
        for match in tokens:
            start, stop = match.span(1)
            if is_free(start, stop) and stop - start < len(text):
                found = self._token(match[1], text[:start], place, at)
                if found is not None:
                    taken.append((start, stop))
                    yield start, stop, found

    def _is_own(self, token: str) -> bool:
        return self._own.knows(token) or token in self._cookies

    def _token(self, token: str, before: str, place: Slot, at: float, route: str = "") -> Expression | None:
        """An expression for a part of a text that follows ``before``; ``route`` is the segment or name before
        it, where the text is an address."""
        match = LOCAL.search(before[-120:])
        name = (match[1] or match[2]) if match is not None else ""
        if route:
            name = route.rstrip("=").lstrip("?&") if route.endswith("=") else id_after(route.strip("/"))
        inner = msgspec.structs.replace(place, location="part", name=name or place.name)
        generated = self._own.random(token, at, inner.name)
        if generated is not None:
            self._note(inner, "generated", "the page drew random bytes that are written like this")
            return generated
        source, _, why = self._source(token, token, inner, at)
        if source is None:
            if token in self._cookies and rarity(token) >= 3:
                return Cookie(name=self._cookies[token], decoded=True)
            return None
        return self._linked(source, token, token, inner, why)


def _object_of(members: list[tuple[Expression, Expression]]) -> Expression:
    """An object: plain where all names are."""
    if all(isinstance(key, str) for key, _ in members):
        return {key: value for key, value in members if isinstance(key, str)}
    return Object(members=tuple(members))


def _in_base64(text: str, value: Expression) -> Spelled:
    """A value as base64, in the alphabet of ``text``."""
    is_url = len(text) % 4 != 0 or ("-" in text or "_" in text)
    return Spelled(kind="base64url" if is_url else "base64", value=value)


def _by_position(source: Source) -> bool:
    """Whether nothing but its position in a list or an object tells a value from the others."""
    path, readers = source.link.path, source.link.readers
    if source.output.component in STREAMS:
        return False
    if readers and readers[-1].kind == "entries" and len(readers) == 1:
        row = value_at(source.output.value, path)
        return isinstance(row, dict) and not any(isinstance(item, dict | list) for item in row.values())
    if not path or not isinstance(path[-1], int):
        return False
    row = value_at(source.output.value, path[:-1])
    return isinstance(row, list) and len(row) > 1 and all(type(item) is type(row[0]) for item in row)


def _slot(place: Slot) -> tuple[str, tuple[Any, ...]]:
    """Where in a request a value is sent, without its position in lists."""
    return place.name, tuple(part for part in place.path if isinstance(part, str))


_NAMES = frozenset(
    """
    slug name key code username path handle ref id url file filename
    """.split()
)


def _holds_values(attribute: str) -> bool:
    """Whether an attribute holds data, not what an element is called or where it leads."""
    return attribute in ("value", "content", "text", "url", "title") or attribute.startswith("data-")


_REASONS = {
    "rare": "hardly equal by chance",
    "names": "the names agree",
    "record": "other values of the request are from the same record",
    "clicked": "the person clicked on this record",
    "used": "an earlier request sent it from there",
    "created": "the app made it for an earlier call",
}
