"""A JSON text of any size, given piece by piece: files that each hold a plain list of elements."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec

from acces_soins.errors import RefusedInput
from acces_soins.readers.model import Request

CHUNK = 16 << 20
LARGEST_VALUE = 256 << 20
BORDERS_TRIED = 8
ONE_BY_ONE = 1000
LOOKED_AT = 20  # elements of a piece whose names are told
FIRST_LOOK = 1 << 16
BOM = b"\xef\xbb\xbf"
BLANKS = re.compile(rb"[ \t\r\n]*")
# Between two elements: a comma, a brace and the name that elements begin with.
BORDER = re.compile(rb'\s*,\s*\{\s*"[^"]*"')
OPENING, CLOSING = b"[]"
DECODER = json.JSONDecoder()
ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])


class Piece(NamedTuple):
    """A file that holds a plain list, how many elements came before it, its largest one's bytes if known."""

    path: Path
    before: int
    largest: int | None = None


class Elements(NamedTuple):
    """The text of some elements, commas between them, and each one's own; good until more is read."""

    text: bytes | memoryview
    each: list[bytes]


class JsonText:
    """A JSON text whose list at ``path`` is wanted; ``keys`` are the names met at its top and in elements."""

    def __init__(self, request: Request, stream: BinaryIO, path: str):
        self.request, self.stream = request, stream
        self.wanted, *self.inner = path.split(".")
        # What was read and not yet passed over: buffer[at:end], never at the very beginning.
        self.buffer, self.at, self.end, self.ended = bytearray(CHUNK), 1, 1, False
        self.count = 0
        self.keys: set[str] = set()

    def pieces(self, folder: Path) -> Iterator[Piece]:
        """The wanted list in files; a text that is the list itself is its own piece.

        Raises RefusedInput when the text is no JSON, ends too soon or lacks the list.
        """
        self._more()
        if self.buffer.startswith(BOM, self.at, self.end):
            self.at += len(BOM)
        opening = self._next()
        if opening == b"[":
            yield from self._whole()
        elif opening == b"{" and self.wanted:
            yield from self._cut(folder)
        else:
            raise self.refuse("une liste d'enregistrements", f"« {opening.decode(errors='replace')} »")

    def _whole(self) -> Iterator[Piece]:
        """A list alone: its first elements are looked at, and its end."""
        if self._peek() != b"]":
            self._look_at(self._some())
        self.stream.seek(-min(FIRST_LOOK, self.request.path.stat().st_size), 2)
        if not (last := self.stream.read().rstrip()).endswith(b"]"):
            raise self.refuse("la fin de la liste, « ] »", last[-50:].decode(errors="replace"))
        yield Piece(self.request.path, 0)

    def _cut(self, folder: Path) -> Iterator[Piece]:
        """The wanted list of an object, then the rest, so that a cut is seen."""
        found = False
        while self._peek() != b"}":
            name, self.at = self._measure()
            self._skip(b":")
            if name == self.wanted and self._peek() == b"[":
                found = True
                yield from self._filled(folder)
            else:
                self.keys.add(name)
                self._walk()
            if self._peek() == b",":
                self._next()
        if not found:
            raise self.refuse(f"la liste « {self.wanted} »", ", ".join(sorted(self.keys)))

    def _filled(self, folder: Path) -> Iterator[Piece]:
        """The list that begins here, in files of about ``CHUNK`` bytes."""
        for found in self._list():
            path = folder / f"{self.count}.json"
            with path.open("wb") as out:
                out.writelines((b"[", found.text, b"]"))
            self._look_at(found)
            yield Piece(path, self.count, max(map(len, found.each)))
            self.count += len(found.each)

    def _walk(self) -> None:
        """Pass over a value; a list may be as long as the wanted one."""
        if self._peek() != b"[":
            _, self.at = self._measure()
            return
        for _ in self._list():
            pass

    def _list(self) -> Iterator[Elements]:
        """The elements of the list that begins here, many at a time."""
        self._skip(b"[")
        while self._peek() != b"]":
            yield self._some()
            if self._peek() == b",":
                self._next()
        self._next()

    def _some(self) -> Elements:
        return self._many() or self._one_by_one()

    def _many(self) -> Elements | None:
        """The elements that the buffer holds whole, cut where the last one begins as the second one does.

        The parser itself proves a cut: a border inside an element or inside a text would not parse.
        """
        while self.end - self.at < CHUNK // 2 and self._more():
            pass
        _, end = self._measure()
        border = BORDER.match(self.buffer, end, self.end)
        if border is None:
            return None
        mark, last = b"}" + border.group(), self.end
        for _ in range(BORDERS_TRIED):
            last = self.buffer.rfind(mark, end - 1, last)
            if last < 0:
                return None
            if found := self._between(self.at, last + 1):
                self.at = last + 1
                return found
        return None

    def _between(self, start: int, end: int) -> Elements | None:
        """The list made of what stands between two places, without a copy; None when it is no list."""
        self.buffer[start - 1], after = OPENING, self.buffer[end]
        self.buffer[end] = CLOSING
        text = memoryview(self.buffer)
        try:
            return Elements(text[start:end], ELEMENTS.decode(text[start - 1 : end + 1]))
        except msgspec.DecodeError:
            return None
        finally:
            self.buffer[end] = after

    def _one_by_one(self) -> Elements:
        """Near the end of a list, or where borders are not plain: elements measured one after the other."""
        found: list[bytes] = []
        while not found or (self._peek() != b"]" and len(found) < ONE_BY_ONE):
            _, end = self._measure()
            found.append(bytes(self.buffer[self.at : end]))
            self.at = end
            if self._peek() == b",":
                self._next()
        return Elements(b",".join(found), found)

    def _look_at(self, found: Elements) -> None:
        """Remember the names of some elements, so that those that the contract ignores are told."""
        for element in found.each[:: len(found.each) // LOOKED_AT + 1]:
            self._note(json.loads(bytes(element)))

    def _note(self, element: Any) -> None:
        for name in [*self.inner, None]:
            if not isinstance(element, dict):
                return
            self.keys.update(element)
            element = next(iter(element.get(name) or ()), None)

    def _measure(self) -> tuple[Any, int]:
        """The value at the head of the text and the place in the buffer where it ends, read until whole."""
        size = FIRST_LOOK
        while True:
            self._peek()
            # One character a byte: places in this text are places in the buffer.
            head = self.buffer[self.at : min(self.at + size, self.end)].decode("latin-1")
            whole = self.ended and self.at + size >= self.end
            try:
                value, end = DECODER.raw_decode(head)
                if end < len(head) or whole:
                    text = value.encode("latin-1").decode() if isinstance(value, str) else value
                    return text, self.at + end
            except json.JSONDecodeError as error:
                if whole or size > LARGEST_VALUE:
                    raise self.refuse("du JSON bien formé", error.msg) from error
            size *= 4
            while self.at + size > self.end and self._more():
                pass

    def _more(self) -> bool:
        """Read on; what is behind is let go, and the buffer grows when it is full of one value."""
        waiting = self.buffer[self.at : self.end]
        if len(waiting) + 1 > len(self.buffer) // 2:
            self.buffer = bytearray(2 * len(self.buffer))
        self.at, self.end = 1, 1 + len(waiting)
        self.buffer[1 : self.end] = waiting
        with memoryview(self.buffer) as place:
            read = self.stream.readinto(place[self.end :])
        self.end += read
        self.ended = not read
        return bool(read)

    def _peek(self) -> bytes:
        while True:
            self.at = BLANKS.match(self.buffer, self.at, self.end).end()
            if self.at < self.end:
                return self.buffer[self.at : self.at + 1]
            if not self._more():
                raise self.refuse("la suite du JSON", "la fin du fichier")

    def _next(self) -> bytes:
        first = self._peek()
        self.at += 1
        return first

    def _skip(self, expected: bytes) -> None:
        if (found := self._next()) != expected:
            raise self.refuse(f"« {expected.decode()} »", f"« {found.decode(errors='replace')} »")

    def refuse(self, expected: str, found: str, after: int | None = None) -> RefusedInput:
        """The refusal of what follows an element, the last one given when nothing is said."""
        return RefusedInput(
            self.request.name,
            f"après l'enregistrement {self.count if after is None else after}",
            expected,
            found[:300],
            "Télécharger le fichier de nouveau ; s'il est complet, mettre le contrat à jour.",
        )
