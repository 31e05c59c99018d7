"""How unlike pictures, sounds and texts are, as a person sees, hears and reads them."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy
import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from recorder.replay.media import Likeness, likeness


def a_picture(path: Path, dot: int = 0, size: int = 64, **saved: object) -> Path:
    image = Image.new("RGB", (size, size), (200, 80, 40))
    draw = ImageDraw.Draw(image)
    draw.rectangle((8, 8, 30, 50), fill=(20, 30, 200))
    if dot:
        draw.rectangle((40, 40, 40 + dot, 40 + dot), fill=(255, 255, 255))
    image.save(path, **saved)  # type: ignore[arg-type]
    return path


def a_sound(path: Path, seconds: float = 0.5, hertz: float = 440, loud: float = 0.5) -> Path:
    moments = numpy.arange(int(8000 * seconds)) / 8000
    samples = (32767 * loud * numpy.sin(2 * numpy.pi * hertz * moments)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return path


def unlike(was: Path, now: Path, type: str | None = None) -> Likeness:
    found = likeness(was, now, type)
    assert found is not None
    return found


def test_the_same_pixels_in_another_file_are_the_same_picture(tmp_path: Path) -> None:
    told = PngImagePlugin.PngInfo()
    told.add_text("when", "now")
    was = a_picture(tmp_path / "a.png")
    now = a_picture(tmp_path / "b.png", pnginfo=told, compress_level=1)
    assert was.read_bytes() != now.read_bytes()
    assert unlike(was, now) == Likeness(kind="image")


def test_other_pixels_are_told_in_numbers_and_more_of_them_are_further_away(tmp_path: Path) -> None:
    was = a_picture(tmp_path / "a.png")
    little, much = (
        unlike(was, a_picture(tmp_path / "b.png", dot=1)),
        unlike(was, a_picture(tmp_path / "c.png", dot=20)),
    )
    assert 0 < little.distance < much.distance < 1
    assert (
        little.why
        == "the picture: 0.0977 % of the pixels differ, by up to 215 of 255; perceptual hash 0 of 64 bits apart"
    )
    assert unlike(was, a_picture(tmp_path / "d.png", size=32)).distance == 1


def test_a_picture_that_was_compressed_anew_is_near(tmp_path: Path) -> None:
    was, now = a_picture(tmp_path / "a.jpg", quality=95), a_picture(tmp_path / "b.jpg", quality=90)
    assert unlike(was, now).distance < 0.02


def test_sounds_are_compared_by_length_and_samples(tmp_path: Path) -> None:
    was = a_sound(tmp_path / "a.wav")
    assert unlike(was, a_sound(tmp_path / "b.wav"), "audio/wav") == Likeness(kind="audio")
    longer = unlike(was, a_sound(tmp_path / "c.wav", seconds=1), "audio/wav")
    assert longer.why == "the sound was 0.50 s long, is now 1.00 s"
    other = unlike(was, a_sound(tmp_path / "d.wav", hertz=880), "audio/wav")
    quieter = unlike(was, a_sound(tmp_path / "e.wav", loud=0.49), "audio/wav")
    assert other.distance > quieter.distance > 0
    assert "the sound differs from 0.00 s on" in other.why


def test_texts_are_told_by_their_words_and_bytes_by_nothing(tmp_path: Path) -> None:
    for name, content in (("a", b"one two"), ("b", b"one three"), ("c", b"\x00\xff"), ("d", b"\x00\xfe")):
        (tmp_path / name).write_bytes(content)
    assert unlike(tmp_path / "a", tmp_path / "b").why == "the text in the file: one [-two-]{+three+}"
    assert likeness(tmp_path / "c", tmp_path / "d", None) is None


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"RIFF\x00\x00\x00\x00WAVEfmt ", b"GIF89a"])
def test_a_broken_file_is_its_bytes(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content + b"\xff\xfe1")
    (tmp_path / "b").write_bytes(content + b"\xff\xfe2")
    for type in (None, "image/png", "audio/wav", "text/plain"):
        assert likeness(tmp_path / "a", tmp_path / "b", type) is None
