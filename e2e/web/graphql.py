"""GraphQL by strawberry, with a page that sends queries and mutations by XMLHttpRequest."""

from __future__ import annotations

import secrets

import strawberry
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from strawberry.fastapi import GraphQLRouter

from e2e.web.calls import log


@strawberry.type
class Book:
    id: strawberry.ID
    title: str
    year: int
    likes: int = 0


books: dict[str, Book] = {}


def number(id: str) -> int:
    return list(books).index(id)


@strawberry.type
class Query:
    @strawberry.field
    def books(self, first: int = 10) -> list[Book]:
        log("books", first=first)
        return list(books.values())[:first]


@strawberry.type
class Mutation:
    @strawberry.mutation
    def add_book(self, title: str, year: int) -> Book:
        log("add", title=title, year=year)
        book = Book(id=strawberry.ID(secrets.token_urlsafe(9)), title=title, year=year)
        books[str(book.id)] = book
        return book

    @strawberry.mutation
    def like(self, id: strawberry.ID) -> Book:
        log("like", book=number(str(id)))
        books[str(id)].likes += 1
        return books[str(id)]


app = FastAPI(openapi_url=None)
app.include_router(GraphQLRouter(strawberry.Schema(Query, Mutation)), prefix="/graphql")


@app.get("/")
def page() -> HTMLResponse:
    return HTMLResponse(PAGE)


PAGE = """<!doctype html>
<html lang="en"><head><title>Books</title></head><body>
<label>Title <input id="title"></label> <label>Year <input id="year" type="number"></label>
<button id="add">Add book</button><ul id="list"></ul>
<script>
const ask = (operationName, query, variables) => new Promise((done) => {
  const request = new XMLHttpRequest();
  request.open("POST", "/graphql");
  request.setRequestHeader("Content-Type", "application/json");
  request.onload = () => done(JSON.parse(request.responseText).data);
  request.send(JSON.stringify({ operationName, query, variables }));
});
const show = async () => {
  const { books } = await ask("Books", "query Books($first: Int!) { books(first: $first) { id title year likes } }", { first: 20 });
  document.querySelector("#list").replaceChildren(...books.map((book) => {
    const line = document.createElement("li");
    const like = document.createElement("button");
    like.textContent = `Like ${book.title}`;
    like.onclick = async () => {
      await ask("Like", "mutation Like($id: ID!) { like(id: $id) { id likes } }", { id: book.id });
      await show();
    };
    line.append(`${book.title} (${book.year}): ${book.likes} `, like);
    return line;
  }));
};
document.querySelector("#add").onclick = async () => {
  const title = document.querySelector("#title").value;
  const year = Number(document.querySelector("#year").value);
  await ask("AddBook", "mutation AddBook($title: String!, $year: Int!) { addBook(title: $title, year: $year) { id title } }", { title, year });
  await show();
};
show();
</script></body></html>
"""
