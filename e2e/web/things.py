"""An API that describes itself: paths, queries, bodies with references, a form with a file, and a picture."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import FastAPI, Form, HTTPException, Query, Response, UploadFile
from pydantic import BaseModel

app = FastAPI(title="Things")
things: list[dict[str, object]] = []
pictures: list[bytes] = []


class Part(BaseModel):
    weight: float


class Thing(BaseModel):
    name: str
    size: Literal["small", "large"] = "small"
    parts: list[Part] = []


@app.post("/things", status_code=201)
def make_thing(thing: Thing) -> dict[str, object]:
    things.append({"id": len(things), **thing.model_dump()})
    return things[-1]


@app.get("/things")
def find_things(names: Annotated[tuple[str, ...], Query()] = ()) -> list[dict[str, object]]:
    return [thing for thing in things if not names or thing["name"] in names]


@app.get("/things/{thing_id}")
def read_thing(thing_id: int) -> dict[str, object]:
    if thing_id >= len(things):
        raise HTTPException(404, "No such thing")
    return things[thing_id]


@app.post("/pictures")
async def upload_picture(file: UploadFile, title: Annotated[str, Form()]) -> dict[str, object]:
    pictures.append(await file.read())
    return {"name": file.filename, "size": len(pictures[-1]), "title": title}


@app.get("/pictures/last")
def read_picture() -> Response:
    return Response(pictures[-1], media_type="image/png")
