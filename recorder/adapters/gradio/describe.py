"""What a Gradio app says of itself: ``/config``, ``/info`` and the ``render_config`` of a call's output.

The keys are those of ``gradio.blocks.Blocks.get_config_file`` and ``get_api_info``; which of them exist differs between
4.x, 5.x and 6.x, so that everything here is read by presence, never by version number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from recorder.api import Endpoint, Parameter, Visibility

_I18N = re.compile(r'__i18n__\{.*?"key":\s*"([^"]+)"')
"""How a label that the page translates is written: ``__i18n__{"__type__": …, "key": "chat_interface.message"}``."""


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """One component of the config. ``value`` is what it showed at first."""

    id: int
    type: str
    label: str = ""
    value: Any = None
    choices: tuple[Any, ...] = ()
    schema: Any = None
    skip_api: bool = False
    visible: bool = True
    server_fns: tuple[str, ...] = ()
    """Functions that its script in the page can call on the server."""
    range: dict[str, int | float] = {}
    """``minimum`` and ``maximum``, where it has them."""

    @property
    def state(self) -> bool:
        """Whether its value lives on the server and never travels."""
        return self.type == "state"


class Dependency(msgspec.Struct, frozen=True, kw_only=True):
    """One event handler of the config; ``id`` is the ``fn_index`` of its calls."""

    id: int
    targets: tuple[tuple[int | None, str], ...] = ()
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    api_name: str | None = None
    backend: bool = True
    js: bool = False
    queue: bool = True
    visibility: Visibility = "public"
    generator: bool = False
    cancels: tuple[int, ...] = ()
    trigger_after: int | None = None
    event_data: bool = False
    rendered_in: int | None = None
    batch: bool = False
    connection: str = "sse"
    description: str = ""

    def event(self, trigger_id: int | None) -> str:
        """The name of the event that calls this, given the component it came from."""
        for target, event in self.targets:
            if target == trigger_id or (trigger_id is None and event == "load"):
                return event
        return self.targets[0][1] if self.targets else ""


class Description(msgspec.Struct, kw_only=True):
    """One app, or one page's view of it once functions were rendered into it."""

    version: str = ""
    title: str = ""
    api_prefix: str = ""
    protocol: str = ""
    auth: bool = False
    components: dict[int, Component] = msgspec.field(default_factory=dict)
    dependencies: dict[int, Dependency] = msgspec.field(default_factory=dict)
    info: Mapping[str, Any] = msgspec.field(default_factory=dict)

    def extended(self, render_config: Any) -> Description:
        """With the components and dependencies that a rendering call brought."""
        if not isinstance(render_config, dict):
            return self
        components = {c.id: c for c in _components(render_config.get("components"))}
        dependencies = {d.id: d for d in _dependencies(render_config.get("dependencies"))}
        return msgspec.structs.replace(
            self,
            components={**self.components, **components},
            dependencies={**self.dependencies, **dependencies},
        )


def describe(config: Any, info: Any = None) -> Description | None:
    """A parsed ``/config`` and, if it could be had, ``/info``; None where it is no Gradio config."""
    if not isinstance(config, dict) or not isinstance(config.get("dependencies"), list):
        return None
    named: dict[str, Any] = {}
    if isinstance(info, dict):
        for group in ("named_endpoints", "unnamed_endpoints"):
            found = info.get(group)
            if isinstance(found, dict):
                named.update(found)
    return Description(
        version=_text(config.get("version")),
        title=_text(config.get("title")),
        api_prefix=_text(config.get("api_prefix")),
        protocol=_text(config.get("protocol")),
        auth=config.get("username") is not None,
        components={c.id: c for c in _components(config.get("components"))},
        dependencies={d.id: d for d in _dependencies(config.get("dependencies"))},
        info=named,
    )


def endpoint(description: Description, dependency: Dependency) -> Endpoint:
    """The endpoint that a dependency is, with the names by which the public client knows its parameters."""
    listed = description.info.get(f"/{dependency.api_name}") if dependency.api_name else None
    if listed is None:
        listed = description.info.get(str(dependency.id))
    shared = sum(d.api_name == dependency.api_name for d in description.dependencies.values()) > 1
    named = dependency.api_name is not None and dependency.rendered_in is None and not shared
    return Endpoint(
        id=f"/{dependency.api_name}" if named else f"fn:{dependency.id}",
        name=dependency.api_name or f"fn_{dependency.id}",
        api_name=dependency.api_name,
        fn_index=dependency.id,
        visibility=dependency.visibility,
        description=_text((listed or {}).get("description")) or dependency.description,
        parameters=_parameters(description, dependency.inputs, (listed or {}).get("parameters")),
        returns=_parameters(description, dependency.outputs, (listed or {}).get("returns")),
        generator=dependency.generator,
        queue=dependency.queue,
        batch=dependency.batch,
        event_data=dependency.event_data,
        rendered_in=dependency.rendered_in,
        connection="stream" if dependency.connection == "stream" else "",
    )


def server_endpoint(component: Component, function: str, form: bool) -> Endpoint:
    """The endpoint that a function of a control is (``POST component_server``)."""
    parameter = Parameter(
        name="data", label=component.label, component=component.type, component_id=component.id
    )
    return Endpoint(
        id=f"server:{component.id}.{function}",
        name=function,
        visibility="private",
        parameters=(parameter,),
        returns=(Parameter(label=function),),
        connection="form" if form else "",
        server_fn=function,
    )


def _parameters(description: Description, ids: Iterable[int], listed: Any) -> tuple[Parameter, ...]:
    described = iter(listed if isinstance(listed, list) else ())
    parameters = []
    for id in ids:
        component = description.components.get(id, Component(id=id, type=""))
        entry: Any = {} if component.state or component.skip_api else next(described, {})
        if not isinstance(entry, dict):
            entry = {}
        python_type = entry.get("python_type")
        parameters.append(
            Parameter(
                name=_text(entry.get("parameter_name")),
                label=component.label or _text(entry.get("label")),
                component=component.type,
                component_id=id,
                schema=_within(entry.get("type", component.schema), component),
                python_type=_text(python_type.get("type")) if isinstance(python_type, dict) else "",
                description=_text(python_type.get("description")) if isinstance(python_type, dict) else "",
                has_default=entry.get("parameter_has_default") is True,
                default=entry.get("parameter_default"),
                example=entry.get("example_input"),
                choices=component.choices,
                state=component.state,
                skipped=component.skip_api and not component.state,
            )
        )
    return tuple(parameters)


def _within(schema: Any, component: Component) -> Any:
    """A schema with the range of the control, which Gradio says in words only."""
    if not isinstance(schema, dict) or schema.get("type") not in ("number", "integer"):
        return schema
    return {**schema, **component.range}


def _components(listed: Any) -> list[Component]:
    found = []
    for entry in listed if isinstance(listed, list) else ():
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), int):
            continue
        props = entry.get("props")
        props = props if isinstance(props, dict) else {}
        choices = props.get("choices")
        found.append(
            Component(
                id=entry["id"],
                type=_text(entry.get("type")),
                label=_label(props),
                value=props.get("value"),
                choices=tuple(choices) if isinstance(choices, list) else (),
                schema=entry.get("api_info_as_input", entry.get("api_info")),
                skip_api=entry.get("skip_api") is True,
                visible=props.get("visible") is not False,
                server_fns=_texts(props.get("server_fns")),
                range={
                    name: props[name]
                    for name in ("minimum", "maximum")
                    if isinstance(props.get(name), int | float) and not isinstance(props[name], bool)
                },
            )
        )
    return found


def _label(props: dict[str, Any]) -> str:
    # A button's words are its value; everything else has a label.
    for key in ("label", "value", "placeholder"):
        text = props.get(key)
        if isinstance(text, str) and text.strip():
            if (translated := _I18N.search(text)) is not None:
                text = translated[1].rpartition(".")[2].replace("_", " ")
            return re.sub(r"\s+", " ", text).strip()[:120]
    return ""


def _dependencies(listed: Any) -> list[Dependency]:
    found = []
    for position, entry in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(entry, dict):
            continue
        id = entry.get("id", position)
        types = entry.get("types")
        types = types if isinstance(types, dict) else {}
        name = entry.get("api_name")
        found.append(
            Dependency(
                id=id if isinstance(id, int) else position,
                targets=tuple(_targets(entry.get("targets"))),
                inputs=_ids(entry.get("inputs")),
                outputs=_ids(entry.get("outputs")),
                api_name=name.lstrip("/") if isinstance(name, str) and name.strip("/") else None,
                backend=entry.get("backend_fn") is not False,
                js=bool(entry.get("js")),
                queue=entry.get("queue") is not False,
                visibility=_visibility(entry),
                generator=types.get("generator") is True,
                cancels=_ids(entry.get("cancels")),
                trigger_after=entry.get("trigger_after")
                if isinstance(entry.get("trigger_after"), int)
                else None,
                event_data=entry.get("collects_event_data") is True,
                rendered_in=entry.get("rendered_in") if isinstance(entry.get("rendered_in"), int) else None,
                batch=entry.get("batch") is True,
                connection=_text(entry.get("connection")) or "sse",
                description=_text(entry.get("api_description")),
            )
        )
    return found


def _targets(listed: Any) -> Iterable[tuple[int | None, str]]:
    for target in listed if isinstance(listed, list) else ():
        if isinstance(target, list) and len(target) == 2 and isinstance(target[1], str):
            yield (target[0] if isinstance(target[0], int) else None, target[1])


def _visibility(entry: dict[str, Any]) -> Visibility:
    said = entry.get("api_visibility")
    if said == "private" or entry.get("api_name") is False or entry.get("api_name") is None:
        return "private"
    if said == "undocumented" or entry.get("show_api") is False:
        return "hidden"
    return "public"


def _ids(listed: Any) -> tuple[int, ...]:
    return tuple(id for id in listed if isinstance(id, int)) if isinstance(listed, list) else ()


def _texts(listed: Any) -> tuple[str, ...]:
    return tuple(text for text in listed if isinstance(text, str)) if isinstance(listed, list) else ()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
