"""Features of several requests: tokens that are renewed, pages of a list, jobs that are waited for, records."""

from __future__ import annotations

from collections.abc import Callable

from recorder.workflow import Item
from tests.dataflow import looks
from tests.dataflow.looks import ANYWHERE, NUMBERS
from tests.dataflow.making import Making, attribute
from tests.dataflow.sinks import SINKS, exchange_of
from tests.dataflow.sources import Given, given_of
from tests.dataflow.template import Const, Node, Ref, Rows, cat
from tests.dataflow.world import Control, Exchange, Locator

STORIES: dict[str, Callable[[Making], None]] = {}
STRONG = tuple(look for look in ANYWHERE if look not in ("lower", "short alnum"))


def story(kind: str) -> Callable[[Callable[[Making], None]], Callable[[Making], None]]:
    """Registers a story."""

    def register(tell: Callable[[Making], None]) -> Callable[[Making], None]:
        STORIES[kind] = tell
        return tell

    return register


@story("renewed token")
def renewed(m: Making) -> None:
    """The same name in two responses: what is sent is the value that was given last, or the first again."""
    noun, key = m.noun(), m.rng.choice(("token", "access_token", "nonce", "csrf"))
    exchange = m.api(noun, "POST", verb="login", body_kind="json", body={"device": "web"}, answer={})
    given = given_of(m, "renewed token", noun, key, STRONG, Locator(m.index(exchange), path=(key,)))
    exchange.answer = {**m.filler(), key: given.ref}
    for _ in range(m.rng.choice((1, 2))):
        sink = SINKS[m.rng.choice(("header", "header with a scheme", "JSON leaf", "JSON leaf, nested"))]
        exchange = sink.send(m, given, key, m.click())
        given = given_of(m, "renewed token", noun, key, STRONG, Locator(m.index(exchange), path=(key,)))
        exchange.answer = {**m.filler(), key: given.ref}
    SINKS[m.rng.choice(("header", "JSON leaf"))].send(m, given, key, m.click())


@story("cursor of a list")
def cursor(m: Making) -> None:
    """Pages of one list: the same address with another cursor."""
    noun, key = m.noun(), m.rng.choice(("cursor", "after", "page_token"))
    told = m.rng.choice((key, f"next_{key}", f"next{key.capitalize()}"))
    path: list[Node] = ["api", looks.plural(noun), "feed"]
    size = Const(20, "constant of the page") if m.rng.random() < 0.5 else None
    before: Given | None = None
    fitting = (*STRONG, "plus", "large number")
    for _ in range(m.rng.choice((2, 3))):
        exchange = m.add(Exchange(path=[*path], deed=m.click("More")))
        if size is not None:
            exchange.query.append(("limit", Const("20", size.decoy)))
        if before is not None:
            exchange.query.append((key, Ref(before.symbol.name, "query value")))
        before = given_of(
            m, "cursor of a list", noun, told, fitting, Locator(m.index(exchange), path=(told,))
        )
        rows: list[Node] = [{"id": m.other(looks.valued("number", m.rng), 1), "name": "Row"}]
        exchange.answer = {"items": rows, told: before.ref, **m.filler()}


@story("result of a job that is waited for")
def job(m: Making) -> None:
    """A job is started, asked for until it is done, and its result is used."""
    noun = m.noun()
    fitting = (*STRONG, *NUMBERS)
    start = m.api(noun, "POST", verb="jobs", body_kind="json", body={"kind": "full"}, status=202, answer={})
    id = given_of(
        m, "id of a job", noun, f"{noun}_id", fitting, Locator(m.index(start), path=(f"{noun}_id",))
    )
    start.answer = {f"{noun}_id": id.ref, "state": "queued"}
    path: list[Node] = ["api", looks.plural(noun), Ref(id.symbol.name, "path segment"), "state"]
    for number in range(m.rng.randint(2, 4)):
        # A fresh start needs one turn more.
        m.add(
            Exchange(
                path=[*path],
                answer={"state": "running"},
                optional=True,
                pause=1000,
                chained=not number,
                fresh_only=number == 1,
            )
        )
    done = m.add(Exchange(path=[*path], pause=1000))
    key = m.rng.choice(("result_id", f"{noun}Result", "file_key"))
    result = given_of(
        m, "result of a job that is waited for", noun, key, STRONG, Locator(m.index(done), path=(key,))
    )
    done.answer = {"state": "finished", key: result.ref}
    done.polled = True
    sink = SINKS[m.rng.choice(("path segment", "query value", "JSON leaf"))]
    sink.send(m, result, key, m.click("Download"))


@story("number of a record")
def record(m: Making) -> None:
    """Several members of the record that the person chose are sent, small numbers among them."""
    noun, name = m.noun(), m.thing()
    listed = m.api(noun, "GET", answer={})
    item = Item(fields=((("name",), name),))
    where = looks.plural(noun)
    id = given_of(
        m,
        "number of a record",
        noun,
        "id",
        (*STRONG, *NUMBERS),
        Locator(m.index(listed), path=(where, item, "id")),
        "chosen",
    )
    version = given_of(
        m,
        "number of a record",
        noun,
        "version",
        ("small number",),
        Locator(m.index(listed), path=(where, item, "version")),
        "chosen",
    )
    fitting = tuple(
        look for look in (*STRONG, *NUMBERS) if (look in NUMBERS) == isinstance(id.symbol.recorded, int)
    )

    id.symbol.label = version.symbol.label = name

    def row(label: str, is_chosen: bool) -> Node:
        own = (
            (id.ref, version.ref)
            if is_chosen
            else (Ref(m.received("unused", fitting).name), Ref(m.received("unused", ("small number",)).name))
        )
        return {"id": own[0], "name": label, "version": own[1], "kind": "plain"}

    listed.answer = {where: m.rows(row, name), "total": m.other(4, 5)}
    deed = m.click("Save", near=(name, "plain", "Save"))
    exchange = exchange_of(m, id, "POST", deed, body_kind="json")
    exchange.body = {
        "id": Ref(id.symbol.name, "JSON leaf"),
        "version": Ref(version.symbol.name, "JSON leaf"),
        "force": False,
    }


@story("looked up by a typed name")
def looked_up(m: Making) -> None:
    """The person types a name, the app is asked for it, and the page goes on with the id of what it finds."""
    noun = m.noun()
    typed = m.typed(f"{m.rng.choice(looks.PEOPLE)} {m.thing()}")
    control = Control(label=noun.capitalize(), field="q", node=Ref(typed.name))
    found = m.add(
        Exchange(
            path=["api", looks.plural(noun), "search"],
            query=[("q", Ref(typed.name))],
            deed=m.click("Find", controls=(control,)),
        )
    )
    item = Item(fields=((("name",), Ref(typed.name)),))
    where = m.rng.choice(("results", "hits"))
    fitting = (*STRONG, *NUMBERS)
    id = given_of(
        m, "looked up by a typed name", noun, "id", fitting, Locator(m.index(found), path=(where, item, "id"))
    )
    mates = tuple(look for look in fitting if (look in NUMBERS) == isinstance(id.symbol.recorded, int))

    def row(label: str, is_chosen: bool) -> Node:
        return {
            "id": id.ref if is_chosen else Ref(m.received("unused", mates).name),
            "name": Ref(typed.name) if is_chosen else label,
        }

    found.answer = {where: m.rows(row, typed.recorded)}
    deed = m.click("Open", near=(Ref(typed.name), "Open"))
    sink = SINKS[m.rng.choice(("path segment", "query value", "JSON leaf", "form field"))]
    sink.send(m, id, m.rng.choice((f"{noun}_id", f"{noun}Id")), deed)


@story("sent before it was received")
def early(m: Making) -> None:
    """A value of the page's own that the app says later too, where a fresh start says another."""
    value = looks.valued("prefixed", m.rng)
    constant = Const(value, "sent before it was received")
    for number in range(2):
        exchange = m.api(m.noun(), "POST", verb=m.verb(), body_kind="json", answer={"ok": True})
        exchange.body = {"window": constant, "width": 1280}
        if not number:
            exchange.answer = {"ok": True, "last_window": m.other(value, looks.valued("prefixed", m.rng))}


@story("typed and sent in an address")
def typed_path(m: Making) -> None:
    """What the person typed is part of addresses, and the app says it again."""
    noun = m.noun()
    typed = m.typed(
        m.rng.choice(
            (f"{m.rng.choice(looks.PEOPLE)}-{m.rng.randint(2, 99)}", f"{m.thing()} x", "ab", "report")
        )
        + str(m.rng.randint(1, 99))
    )
    control = Control(label="Name", field="name", node=Ref(typed.name))
    m.add(
        Exchange(
            method="POST", path=["api", looks.plural(noun)], body_kind="json", body={"name": Ref(typed.name)},
            answer={"name": Ref(typed.name), "ok": True}, deed=m.click("Create", controls=(control,)),
        )
    )  # fmt: skip
    path: list[Node] = ["api", looks.plural(noun), "named", Ref(typed.name)]
    m.add(
        Exchange(
            method=m.rng.choice(("PUT", "DELETE", "GET")), path=path, answer={"ok": True}, deed=m.click("Use")
        )
    )


@story("typed number")
def typed_number(m: Making) -> None:
    """What the person typed is a number in JSON."""
    typed = m.typed(m.unused_number())
    control = Control(label="Amount", field="amount", node=Ref(typed.name))
    m.plant("rank", typed.recorded, typed.recorded + 7)
    exchange = m.api(m.noun(), "POST", verb=m.verb(), body_kind="json", answer={"ok": True})
    exchange.deed = m.click("Set", controls=(control,))
    exchange.body = {"amount": Ref(typed.name), "unit": "kg"}


@story("login")
def login(m: Making) -> None:
    """A typed password, and the token that the app gives for it; the page hides both from the recording."""
    noun = m.noun()
    user, password = m.typed(), m.typed(looks.valued("alnum", m.rng))
    more = f"_{len(m.secrets)}" if m.secrets else ""
    m.secrets[password.name] = f"RECORDER_SECRET_PASSWORD{more}"
    controls = (
        Control(label="User", field="user", node=Ref(user.name)),
        Control(label="Password", field="password", node=Ref(password.name)),
    )
    exchange = m.api(noun, "POST", verb="login", body_kind=m.rng.choice(("json", "form")), answer={})
    exchange.deed = m.click("Log in", controls=controls)
    members: dict[str, Node] = {"user": Ref(user.name), "password": Ref(password.name)}
    exchange.body = members if exchange.body_kind == "json" else list(members.items())
    key = m.rng.choice(("token", "access_token", "jwt", "key"))
    fitting = ("alnum", "hex", "urlsafe", "long", "letters long")
    given = given_of(
        m, "secret that the app gives", noun, key, fitting, Locator(m.index(exchange), path=(key,))
    )
    if m.rng.random() < 0.7:
        m.secrets[given.symbol.name] = f"RECORDER_SECRET_{key.upper()}{more}"
    exchange.answer = {**m.filler(), key: given.ref}
    for _ in range(m.rng.choice((1, 2))):
        SINKS[m.rng.choice(("header with a scheme", "header with a scheme", "header", "JSON leaf"))].send(
            m, given, key, m.click()
        )


@story("rows that are checked")
def checked_rows(m: Making) -> None:
    """The person checks two rows of a list and does something with both."""
    noun = m.noun()
    names = [m.thing(), m.thing()]
    listed = m.api(noun, "GET", answer={})
    where = looks.plural(noun)
    given = []
    for name in names:
        item = Item(fields=((("name",), name),))
        place = Locator(m.index(listed), path=(where, item, "id"))
        given.append(given_of(m, "rows that are checked", noun, "id", STRONG, place, "chosen"))
        given[-1].symbol.label = name
    rows: list[Node] = [{"id": each.ref, "name": name} for each, name in zip(given, names, strict=True)]
    for number in range(m.rng.randint(1, 3)):
        row = {"id": Ref(m.received("unused", STRONG).name), "name": f"{m.rng.choice(looks.PEOPLE)} {number}"}
        rows.insert(m.rng.randint(0, len(rows)), row)
    extra = {"id": Ref(m.received("unused", STRONG).name), "name": "New one"}
    listed.answer = {where: Rows(tuple(rows), extra, 0)}
    controls = tuple(
        Control(label=f"Select {name}", field="", node="true", kind="check", near=(name,)) for name in names
    )
    exchange = exchange_of(
        m, given[0], "POST", m.click("Delete selected", controls=controls), body_kind="json"
    )
    exchange.body = {"ids": [Ref(each.symbol.name, "JSON list") for each in given], "force": False}


@story("namesakes")
def namesakes(m: Making) -> None:
    """Two things have one name, and another text in the row tells which one was clicked."""
    noun, name = m.noun(), m.thing()
    listed = m.api(noun, "GET", answer={})
    kinds = m.rng.sample(("blue", "large", "used", "spare"), 2)
    item = Item(fields=((("name",), name), (("kind",), kinds[1])))
    given = given_of(
        m, "namesakes", noun, "id", STRONG, Locator(m.index(listed), path=(item, "id")), "chosen"
    )
    given.symbol.label = name
    rows: list[Node] = [
        {"id": Ref(m.received("unused", STRONG).name), "name": name, "kind": kinds[0]},
        {"id": given.ref, "name": name, "kind": kinds[1]},
    ]
    rows.insert(
        m.rng.randint(0, 2), {"id": Ref(m.received("unused", STRONG).name), "name": "Other", "kind": kinds[1]}
    )
    m.rng.shuffle(rows)
    listed.answer = Rows(
        tuple(rows), {"id": Ref(m.received("unused", STRONG).name), "name": "New", "kind": kinds[0]}, 0
    )
    deed = m.click("Edit", near=(name, kinds[1], "Edit"))
    SINKS[m.rng.choice(("path segment", "JSON leaf", "query value"))].send(m, given, f"{noun}_id", deed)


@story("form with several hidden fields")
def whole_form(m: Making) -> None:
    """The browser sends all fields of a form, which the document holds."""
    noun = m.noun()
    m.navigate()
    doc, nth = m.doc, m.index(m.doc.exchange)
    fields = {
        "csrfmiddlewaretoken": STRONG,
        "version": ("small number",),
        "__VIEWSTATE": ("plus", "global", "long"),
    }
    parts: list[Node] = [f'<form method="post" action="/{noun}/edit">']
    pairs: list[tuple[Node, Node]] = []
    for name in m.rng.sample(sorted(fields), m.rng.randint(2, 3)):
        place = Locator(
            nth,
            path=(
                "elements",
                Item(fields=((("name",), name),), after=Item(fields=((("action",), f"/{noun}/edit"),))),
                "value",
            ),
        )
        given = given_of(m, "form with several hidden fields", noun, name, fields[name], place)
        symbol = given.symbol
        symbol.recorded, symbol.fresh = str(symbol.recorded), str(symbol.fresh)
        parts.append(cat('<input type="hidden"', attribute("name", name), attribute("value", given.ref), ">"))
        pairs.append((name, Ref(symbol.name, "form field")))
    typed = m.typed()
    doc.body.append(
        cat(
            *parts,
            '<input type="hidden" name="_method" value="put"><input name="title"><button>Save</button></form>',
        )
    )
    exchange = Exchange(method="POST", path=[noun, "edit"], how="form", body_kind="form")
    exchange.body = [*pairs, ("_method", "put"), ("title", Ref(typed.name)), ("commit", "Save")]
    exchange.deed = m.text_deed("Title", "title", Ref(typed.name), "Save")
    m.open(m.add(exchange))


@story("chosen constant")
def chosen_constant(m: Making) -> None:
    """The person chooses a word out of a list that the page has of its own."""
    word, shown = m.rng.choice(
        (("red", "Red"), ("xl", "Extra large"), ("weekly", "Every week"), ("de", "German"))
    )
    symbol = m.typed(word)
    m.plant("tag", symbol.recorded, "other")
    control = Control(label="Kind", field="kind", node=Ref(symbol.name), kind="choice", shown=shown)
    exchange = m.api(m.noun(), "POST", verb=m.verb(), body_kind="json", answer={"ok": True})
    exchange.deed = m.click("Save", controls=(control,))
    exchange.body = {"variant": Ref(symbol.name), "amount": 1}
