// The events of a profile as a tree: which event is inside which, by time.

/** One event of a profile, as engines record it. */
export interface ProfileEvent {
  name: string;
  /** A kernel call, an operator inside one, or a node of the backward pass. */
  kind: 'call' | 'op' | 'node';
  /** Index into the paths of the modules, or -1 outside of all. */
  module: number;
  /** Types and shapes; of a copy: `Float [2,3] -> BFloat16 [2,3]`. */
  detail: string;
  /** Milliseconds. */
  start: number;
  end: number;
}

export interface NestedEvent {
  event: ProfileEvent;
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
export function nestEvents(events: readonly ProfileEvent[]): NestedEvent[] {
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
