"""Says whether what was heard is what was said."""

import collections

EXAMPLES = 3


def text_of(event):
    """A message without its time and its sender."""
    return event.data.rpartition(" ")[2]


def faults(said, heard, ignored=()):
    """What was lost, doubled, swapped or invented, in words; empty when nothing was.

    `said` has for each publisher its messages that were answered 204, in its order. `heard` has for each
    listener its events, in the order in which they came. Events of a type in `ignored` don't count;
    any other that is no message is a fault, `gap` above all.
    """
    wanted = {text: publisher for publisher, texts in said.items() for text in texts}
    if sum(map(len, said.values())) != len(wanted):
        return ["two messages have the same text: they can't be told apart"]
    if not wanted:
        return ["no message was taken"]
    if not heard:
        return ["nobody listened"]
    found = []
    for listener, events in heard.items():
        found += [f"{listener} {fault}" for fault in _faults_of(events, wanted, said, ignored)]
    return found + list(_differences(heard))


def _faults_of(events, wanted, said, ignored):
    """Of one listener."""
    others = [event for event in events if event.type != "message" and event.type not in ignored]
    texts = [text_of(event) for event in events if event.type == "message"]
    counts = collections.Counter(texts)
    yield from _some("was told", [f"{event.type} {event.data}" for event in others])
    yield from _some("did not hear", [text for text in wanted if text not in counts])
    yield from _some("heard twice", [text for text, count in counts.items() if count > 1])
    yield from _some("heard what nobody said:", [text for text in counts if text not in wanted])
    for publisher, own in said.items():
        place = {text: number for number, text in enumerate(own)}
        came = [text for text in texts if text in place]
        swapped = [text for before, text in zip(came, came[1:]) if place[text] < place[before]]
        yield from _some(f"heard {publisher} in another order:", swapped)


def _differences(heard):
    """Between listeners: the same messages under the same ids in the same order, and no id twice."""
    lists = {
        listener: [(event.id, event.data) for event in events if event.type == "message"]
        for listener, events in heard.items()
    }
    first, *rest = lists
    for listener in rest:
        if lists[listener] != lists[first]:
            pairs = enumerate(zip(lists[first], lists[listener]))
            place = next((n for n, (one, other) in pairs if one != other), None)
            where = "one of them is longer" if place is None else f"from event {place + 1} on"
            yield f"{listener} and {first} heard different streams, {where}"
    for listener, events in lists.items():
        counts = collections.Counter(identifier for identifier, _ in events)
        again = [identifier for identifier, count in counts.items() if count > 1]
        yield from _some(f"{listener} got an id twice:", again)


def _some(what, cases):
    """One fault for all cases, with the first few of them."""
    if cases:
        more = f" and {len(cases) - EXAMPLES} more" if len(cases) > EXAMPLES else ""
        yield f"{what} {', '.join(cases[:EXAMPLES])}{more}"
