"""The nodes of a YAML text in their order, by the parser's events."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from ..printable import printable
from .fault import Path, Place
from .tree import MAX_DEPTH, MAX_NODES, Unreadable

#: An event or a mark: they come from C, and what they have in common has no type.
Event = Any
Mark = Any

STARTS = frozenset({MappingStartEvent, SequenceStartEvent})
ENDS = frozenset({MappingEndEvent, SequenceEndEvent})
_NODES = STARTS | {ScalarEvent, AliasEvent}

#: Stands for a key that is a list, a mapping or an alias; no key that is text equals it.
NO_TEXT = -1

#: libyaml's parser where PyYAML was built with it; the one in Python gives the same events, slowly.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Frame:
    """A list or a mapping that the walk is inside of."""

    __slots__ = ("is_key", "is_list", "key", "part")

    def __init__(self, *, is_list: bool, is_key: bool = False) -> None:
        self.is_list = is_list
        #: It is itself the key of a mapping.
        self.is_key = is_key
        #: The key whose value comes next; None: a key comes next, or this is a list.
        self.key: Event = None
        #: The name or the index of the node at hand.
        self.part: Any = -1

    def begin(self, event: Event) -> bool:
        """Take the event for the next item, key or value; return whether it is a key."""
        if self.is_list:
            self.part += 1
        elif self.key is None:
            self.key = event
            self.part = event.value if type(event) is ScalarEvent else NO_TEXT
            return True
        return False


class Walk:
    """Iterates over (name or index, key event, event) for each value, and (None, None, event) for each end.

    A key that is a list or a mapping comes too, with NO_TEXT for a name. Raises Unreadable where the text is
    not YAML or breaks a bound.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        #: The lowest is the list of documents.
        self._frames = [_Frame(is_list=True)]

    @property
    def path(self) -> Path:
        """The path of the node at hand, as far as its parts have names."""
        return tuple(takewhile(lambda part: part != NO_TEXT, (frame.part for frame in self._frames[1:])))

    def __iter__(self) -> Iterator[tuple[str | int | None, Event, Event]]:
        loader = _LOADER(self._text)
        try:
            yield from self._nodes(iter(loader.get_event, None))
        except yaml.MarkedYAMLError as error:
            mark: Mark = error.problem_mark or error.context_mark
            problem = ", ".join(part for part in (error.context, error.problem) if part)
            raise Unreadable(f"not valid YAML: {printable(problem)}", mark and place(mark)) from None
        except (yaml.YAMLError, ValueError, ArithmeticError, LookupError) as error:
            raise Unreadable(f"not valid YAML ({type(error).__name__})") from None
        finally:
            loader.dispose()

    def _nodes(self, events: Iterator[Event]) -> Iterator[tuple[str | int | None, Event, Event]]:
        frames, nodes = self._frames, 0
        for event in events:
            kind = type(event)
            if kind in ENDS:
                yield None, None, event
                if not frames.pop().is_key:
                    frames[-1].key = None
            elif kind in _NODES:
                nodes += 1
                if nodes > MAX_NODES:
                    raise Unreadable(f"a plan has {MAX_NODES:,} nodes at most", place(event.start_mark))
                frame = frames[-1]
                is_key = frame.begin(event)
                if is_key and kind not in STARTS:
                    continue
                yield frame.part, frame.key, event
                if kind in STARTS:
                    self._enter(event, is_key=is_key)
                else:
                    frame.key = None

    def _enter(self, event: Event, *, is_key: bool) -> None:
        if len(self._frames) > MAX_DEPTH:
            raise Unreadable(f"a plan is nested {MAX_DEPTH} levels deep at most", place(event.start_mark))
        self._frames.append(_Frame(is_list=type(event) is SequenceStartEvent, is_key=is_key))


def steps(text: str) -> Iterator[tuple[Path, Mark, Mark]]:
    """Yield the path, and the marks of the key and the value, of every value of a text."""
    walk = Walk(text)
    for _, key, event in walk:
        if type(event) not in ENDS:
            yield walk.path, (key or event).start_mark, event.start_mark


def place(mark: Mark) -> Place:
    """Return the place of a mark; YAML counts from zero."""
    return Place(mark.line + 1, mark.column + 1)
