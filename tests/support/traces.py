"""Every text that objects of this process hold, however deep, whatever their members are called."""

from collections.abc import Iterable, Mapping
from types import FunctionType, MethodType, ModuleType

LEAVES = (type, ModuleType, FunctionType, MethodType, int, float)


def texts_within(held: object) -> list[bytes]:
    """Strings and bytes that can be reached from it."""
    texts: list[bytes] = []
    seen: set[int] = set()
    waiting = [held]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, LEAVES):
            continue
        seen.add(id(one))
        if isinstance(one, str | bytes):
            texts.append(one.encode() if isinstance(one, str) else one)
        elif isinstance(one, Mapping):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple | set | frozenset):
            waiting += one
        else:
            waiting += _inside(one)
    return texts


def _inside(one: object) -> Iterable[object]:
    slots = [name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ())]
    held = [getattr(one, name) for name in slots if isinstance(name, str) and hasattr(one, name)]
    held += vars(one).values() if hasattr(one, "__dict__") else ()
    if isinstance(one, Iterable) and type(one).__module__ == "collections":  # a deque
        held += list(one)
    return held
