"""``draw.py FILE`` draws curves that it reads from standard input, as JSON ``{name: [[size, seconds], ...]}``."""

from __future__ import annotations

import json
import sys

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot


def main(file: str) -> None:
    figure, axes = pyplot.subplots(figsize=(9, 5), layout="constrained")
    for number, (name, points) in enumerate(json.load(sys.stdin).items()):
        sizes, costs = zip(*points, strict=True)
        # There are ten colours.
        style = "o-" if number < 10 else "s--"
        axes.plot(sizes, costs, style, label=name.replace("`", ""), linewidth=1.5, markersize=4)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="calls, or events",
        ylabel="seconds",
        title="How cost grows with a recording",
    )
    axes.grid(True, which="major", color="#ddd")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper", frameon=False, fontsize=8)
    figure.savefig(file, dpi=120)


if __name__ == "__main__":
    main(sys.argv[1])
