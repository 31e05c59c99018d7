"""A small Gradio app for `make demo`: typing, a chained event, a State, an upload, a streamed output, a chat."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from calllog import logged


@logged
def greet(name: str, times: int, visits: int) -> tuple[str, int]:
    visits += 1
    return ", ".join([f"hello {name}"] * int(times)) + f" (visit {visits})", visits


@logged
def shout(greeting: str) -> str:
    return greeting.upper()


@logged
def count_words(letter: str) -> tuple[dict[str, Any], str]:
    text = Path(letter).read_text(encoding="utf-8")
    words: dict[str, int] = {}
    for word in text.lower().split():
        words[word] = words.get(word, 0) + 1
    copy = Path(letter).with_name("loud " + Path(letter).name)
    copy.write_text(text.upper(), encoding="utf-8")
    return words, str(copy)


@logged
def count_down(start: float) -> Iterator[str]:
    for number in range(int(start), 0, -1):
        yield f"{number} …"
        time.sleep(0.1)
    yield "lift-off"


@logged
def reply(message: str, history: list[Any]) -> str:
    return f"You said “{message}” after {len(history)} messages."


with gr.Blocks(title="Tea house") as demo:
    visits = gr.State(0)
    with gr.Row():
        name = gr.Textbox(label="Name")
        times = gr.Slider(1, 5, value=1, step=1, label="Times")
    greeting = gr.Textbox(label="Greeting")
    loud = gr.Textbox(label="Loud greeting")
    gr.Button("Greet").click(greet, [name, times, visits], [greeting, visits]).then(shout, greeting, loud)
    with gr.Row():
        letter = gr.File(label="Letter")
        words = gr.JSON(label="Words")
        copy = gr.File(label="Loud letter")
    gr.Button("Count words").click(count_words, letter, [words, copy])
    with gr.Row():
        start = gr.Number(5, label="Start")
        count = gr.Textbox(label="Countdown")
    gr.Button("Count down").click(count_down, start, count)
    gr.ChatInterface(reply)

if __name__ == "__main__":
    demo.launch()
