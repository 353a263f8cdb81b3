// The events of a profile as a tree: which event is inside which, by time.

import type { EngineEvent } from '../engine/profile-events';

export interface NestedEvent {
  event: EngineEvent;
  /** The innermost event around it. */
  parent?: NestedEvent;
  /** Milliseconds without those of the events directly inside it. */
  self: number;
  /** Of a call or a node: milliseconds without those of the calls and nodes inside it. */
  exclusive: number;
}

/**
 * Each event with the one around it and its time without those inside.
 *
 * @param events in the order in which they began, a longer one before those inside it
 * @example nestEvents(profile.events).filter(({ parent }) => !parent)
 */
export function nestEvents(events: readonly EngineEvent[]): NestedEvent[] {
  const open: NestedEvent[] = [];
  return events.map((event) => {
    while (open.length > 0 && open[open.length - 1].event.end <= event.start) open.pop();
    const parent = open[open.length - 1];
    const milliseconds = event.end - event.start;
    const nested: NestedEvent = { event, parent, self: milliseconds, exclusive: milliseconds };
    // an event of another thread may end after the one around it
    const within = (around: NestedEvent) => Math.min(event.end, around.event.end) - event.start;
    if (parent) parent.self = Math.max(0, parent.self - within(parent));
    if (event.kind !== 'op') {
      const around = open.findLast((outer) => outer.event.kind !== 'op');
      if (around) around.exclusive = Math.max(0, around.exclusive - within(around));
    }
    open.push(nested);
    return nested;
  });
}
