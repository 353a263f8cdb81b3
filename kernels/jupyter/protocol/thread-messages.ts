// What the two threads tell each other. User code runs on the main thread; the I/O thread owns the sockets, so that
// output leaves and Stop is heard while user code keeps the main thread busy.

import type { Content, Header } from './wire-message';

/** A request as the main thread sees it; `seq` numbers requests in the order they arrived. */
export interface Request {
  seq: number;
  channel: 'shell' | 'control' | 'stdin';
  header: Header;
  content: Content;
  metadata?: Content;
  /** `msg_id` of the message it answers. */
  parent?: string;
  buffers?: Uint8Array[];
}

export type ToIo =
  | {
      op: 'publish';
      type: string;
      content: Content;
      parent: number;
      metadata?: Content;
      buffers?: Uint8Array[];
      /** What of it counts in `Slot.QueuedBytes`. */
      bytes?: number;
    }
  | { op: 'stream'; name: 'stdout' | 'stderr'; text: string; parent: number }
  | { op: 'reply'; type: string; content: Content; parent: number; metadata?: Content }
  /** Asks the front end of request `parent` for input, in a message with this id. */
  | { op: 'ask'; id: string; content: Content; parent: number }
  | { op: 'reader'; fd: number; name: 'stdout' | 'stderr'; parent: number }
  | { op: 'fence' }
  | { op: 'exit' };

export type ToMain =
  | { op: 'request'; request: Request }
  | { op: 'interrupt'; running: number }
  | { op: 'terminated' }
  /** Nobody listens where input was asked for. */
  | { op: 'inputUndelivered'; id: string }
  | { op: 'shutdown'; restart: boolean }
  | { op: 'bound' };

/** Slots of the Int32Array both threads share: read without waiting for the other thread's event loop. */
export const Slot = {
  /** `seq` of the last request that arrived. */
  Received: 0,
  /** Bytes of output posted and not yet sent. */
  QueuedBytes: 1,
  /** What the main thread is doing, a `Phase`. */
  Phase: 2,
  /** How many interrupts were asked for, and how many of them the main thread has heard. */
  Pressed: 3,
  Heard: 4,
  /** `seq` of the cell that runs, or 0. */
  Running: 5,
  /** 1 once the running cell's work has asked for the signal: it will end by itself. */
  Cooperative: 6,
  /** `seq` of the cell that is to stop: its own code does so at its next `await`, also when no message gets through. */
  Stopping: 7,
  /** `seq` of the cell that is ended by force: what it goes on doing is cut off wherever it shows. */
  Doomed: 8,
  /** Messages the main thread has posted, and how many of them the I/O thread has handled. */
  Posted: 9,
  Handled: 10,
  /** 1 while the main thread waits for a child process (`execSync` and the like): only its end ends the wait. */
  WaitsForChild: 11,
  Count: 12,
} as const;

/** What runs on the main thread: how an interrupt can reach it depends on that. */
export const Phase = {
  /** The event loop: requests, timers, promises of finished cells. */
  Idle: 0,
  /** The kernel itself (compiling a cell): never cut off. */
  Kernel: 1,
  /** A cell's synchronous part, inside `vm`: SIGINT ends it. */
  Sync: 2,
  /** A cell that is awaiting something: the inspector can end what runs in between. */
  Await: 3,
} as const;

export const sharedSlots = () => new Int32Array(new SharedArrayBuffer(4 * Slot.Count));

/** Console output that may wait to be sent before what prints is made to wait. */
export const HIGH_WATER = 64 * 1024 * 1024;
