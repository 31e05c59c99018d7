"""Recorded with API Recorder: makes the same calls to the app again and prints the results.

RECORDER_URL, if set, is the address of the app to use instead of the recorded one.
"""

from __future__ import annotations

import os

from gradio_client import Client

URL = os.environ.get("RECORDER_URL", "http://127.0.0.1:7860")


def run(
    *,
    value: list[float] = [0.1],
    value_2: list[float] = [1e+300],
    value_3: list[float] = [5e-324],
    value_4: list[float] = [-0.0],
    value_5: list[float] = [1e+22],
) -> None:
    """Make the recorded calls in order."""
    client = Client(URL, verbose=False)

    client.predict(value=value, api_name="/take")
    print("take: done")

    client.predict(value={"k": 0.1}, api_name="/take")
    print("take_2: done")

    client.predict(value=value_2, api_name="/take")
    print("take_3: done")

    client.predict(value={"k": 1e+300}, api_name="/take")
    print("take_4: done")

    client.predict(value=value_3, api_name="/take")
    print("take_5: done")

    client.predict(value={"k": 5e-324}, api_name="/take")
    print("take_6: done")

    client.predict(value=value_4, api_name="/take")
    print("take_7: done")

    client.predict(value={"k": -0.0}, api_name="/take")
    print("take_8: done")

    client.predict(value=value_5, api_name="/take")
    print("take_9: done")

    client.predict(value={"k": 1e+22}, api_name="/take")
    print("take_10: done")


if __name__ == "__main__":
    run()
