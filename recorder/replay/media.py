"""How unlike two files are, judged by what a person sees and hears rather than by their bytes.

Pictures by their pixels and a perceptual hash (the difference hash: which of 8 x 8 cells is brighter than its right
neighbour), sounds by length and samples, texts by words. Pillow and soundfile come with the extra ``media``;
without them, and for anything else, files are their bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

MOST_BYTES = 64 << 20
"""Larger files are compared by their bytes alone."""

MOST_TEXT = 1 << 20

SAME_PIXEL = 2
"""Of 255: what writing a picture anew in another version of the same library may change."""

SAME_SAMPLE = 1 / (1 << 14)
"""Of the full scale: two steps of 16 bits."""


class Likeness(msgspec.Struct, frozen=True, kw_only=True):
    """``distance`` is from 0, nobody can tell them apart, to 1, nothing in common; ``why`` says what differs, empty
    at 0. ``kind`` is what they were compared as."""

    kind: str
    distance: float = 0.0
    why: str = ""


def likeness(recorded: Path, live: Path, type: str | None) -> Likeness | None:
    """How unlike two files are, or None where only their bytes can say.

    Args:
        type: the MIME type of the live one, where it is known.
    """
    if max(recorded.stat().st_size, live.stat().st_size) > MOST_BYTES:
        return None
    family = (type or "").partition("/")[0]
    for kind, compare in (("image", _images), ("audio", _sounds), ("text", _texts)):
        if family in (kind, "", "application"):
            found = compare(recorded, live)
            if found is not None:
                return found
    return None


def _images(recorded: Path, live: Path) -> Likeness | None:
    try:
        from PIL import Image, ImageChops
    except ImportError:
        return None
    try:
        with Image.open(recorded) as was, Image.open(live) as now:
            if was.size != now.size:
                sizes = f"was {was.width} x {was.height} pixels, is now {now.width} x {now.height}"
                return Likeness(kind="image", distance=1.0, why=f"the picture {sizes}")
            frames = getattr(was, "n_frames", 1), getattr(now, "n_frames", 1)
            if frames[0] != frames[1]:
                return Likeness(
                    kind="image", distance=1.0, why=f"the picture had {frames[0]} frames, has now {frames[1]}"
                )
            farthest, changed, distance = 0, 0, 0
            pixels = was.width * was.height * frames[0]
            total = 0.0
            for frame in range(min(frames[0], 100)):
                was.seek(frame)
                now.seek(frame)
                one, other = was.convert("RGBA"), now.convert("RGBA")
                difference: Any = ImageChops.difference(one, other)
                farthest = max(farthest, *(high for _, high in difference.getextrema()))
                most: Any = difference.split()[0]
                for band in difference.split()[1:]:
                    most = ImageChops.lighter(most, band)
                histogram = most.histogram()
                changed += sum(histogram[SAME_PIXEL + 1 :])
                total += sum(level * count for level, count in enumerate(histogram))
                distance = max(distance, (_dhash(one) ^ _dhash(other)).bit_count())
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return None
    if farthest <= SAME_PIXEL:
        return Likeness(kind="image")
    share = f"{100 * changed / pixels:.3g} % of the pixels differ, by up to {farthest} of 255"
    looks = f"perceptual hash {distance} of 64 bits apart"
    return Likeness(
        kind="image",
        distance=_distance(max(distance / 64, total / pixels / 255)),
        why=f"the picture: {share}; {looks}",
    )


def _distance(share: float) -> float:
    """Never 0, which is for what nobody can tell apart."""
    return max(round(min(share, 1.0), 4), 0.0001)


def _dhash(image: Any) -> int:
    small = image.convert("L").resize((9, 8))
    rows = [list(small.crop((0, y, 9, y + 1)).tobytes()) for y in range(8)]
    bits = [row[x] < row[x + 1] for row in rows for x in range(8)]
    return sum(bit << place for place, bit in enumerate(bits))


def _sounds(recorded: Path, live: Path) -> Likeness | None:
    try:
        import numpy
        import soundfile
    except (ImportError, OSError):
        return None
    try:
        was, rate_was = soundfile.read(recorded, dtype="float32", always_2d=True)
        now, rate_now = soundfile.read(live, dtype="float32", always_2d=True)
    except (RuntimeError, OSError, ValueError):
        return None
    if (rate_was, was.shape[1]) != (rate_now, now.shape[1]):
        had = f"was {rate_was} Hz in {was.shape[1]}, is now {rate_now} Hz in {now.shape[1]} channels"
        return Likeness(kind="audio", distance=1.0, why=f"the sound {had}")
    if abs(len(was) - len(now)) > 0:
        lengths = f"was {len(was) / rate_was:.2f} s long, is now {len(now) / rate_now:.2f} s"
        distance = abs(len(was) - len(now)) / max(len(was), len(now))
        both = min(len(was), len(now))
        if both:
            distance = max(distance, float(numpy.sqrt(numpy.mean((was[:both] - now[:both]) ** 2))))
        return Likeness(kind="audio", distance=_distance(distance), why=f"the sound {lengths}")
    if not len(was):
        return Likeness(kind="audio")
    apart = numpy.abs(was - now)
    farthest = float(apart.max())
    if farthest <= SAME_SAMPLE:
        return Likeness(kind="audio")
    first = int(numpy.argmax(apart.max(axis=1) > SAME_SAMPLE)) / rate_was
    rms = float(numpy.sqrt(numpy.mean((was - now) ** 2)))
    return Likeness(
        kind="audio",
        distance=_distance(rms),
        why=f"the sound differs from {first:.2f} s on, by up to {100 * farthest:.3g} % of full scale",
    )


def _texts(recorded: Path, live: Path) -> Likeness | None:
    from recorder.replay.wording import words

    if max(recorded.stat().st_size, live.stat().st_size) > MOST_TEXT:
        return None
    try:
        was, now = recorded.read_text("utf-8"), live.read_text("utf-8")
    except UnicodeDecodeError:
        return None
    if "\0" in was or "\0" in now:
        return None
    return Likeness(kind="text", distance=1.0, why=f"the text in the file: {words(was, now)}")
