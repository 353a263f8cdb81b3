// Messages and shared memory between the two threads. The main thread runs user code; the I/O thread owns the sockets,
// so that output is sent and Stop is received while user code keeps the main thread busy.

import type { Content, Header } from './wire-message';

/** A request as the main thread sees it; `seq` numbers requests in order of arrival. */
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

/** To the I/O thread; `parent` is the `seq` of a request, or 0 for none. */
export type ToIo =
  | {
      op: 'publish';
      type: string;
      content: Content;
      parent: number;
      metadata?: Content;
      buffers?: Uint8Array[];
      /** Its share of `Slot.QueuedBytes`. */
      bytes?: number;
    }
  | { op: 'stream'; name: 'stdout' | 'stderr'; text: string; parent: number }
  | { op: 'reply'; type: string; content: Content; parent: number; metadata?: Content }
  /** Sends an `input_request` with this message id to the front end of request `parent`. */
  | { op: 'request-input'; id: string; content: Content; parent: number }
  /** Reads a pipe to its end, as output of request `parent`. */
  | { op: 'read-pipe'; fd: number; name: 'stdout' | 'stderr'; parent: number }
  | { op: 'fence' }
  | { op: 'exit' };

/** To the main thread. */
export type ToMain =
  | { op: 'request'; request: Request }
  | { op: 'interrupt'; running: number }
  /** Asks whether the main thread still turns, after an interrupt. */
  | { op: 'turn' }
  /** The code that ran while request `running` was being stopped has been terminated; 0 while no cell ran. */
  | { op: 'terminated'; running: number }
  /** No front end listens where the `input_request` with this id was sent. */
  | { op: 'input-undelivered'; id: string }
  | { op: 'shutdown'; restart: boolean };

/** Slots of the Int32Array that both threads share, read without waiting for the other thread's event loop. */
export const Slot = {
  /** `seq` of the last request that arrived. */
  Received: 0,
  /** Bytes of output posted and not yet sent. */
  QueuedBytes: 1,
  /** What the main thread is doing, a `Phase`. */
  Phase: 2,
  /** Number of messages of Stop sent to the main thread, and of those it has received. */
  InterruptsSent: 3,
  InterruptsReceived: 4,
  /** `seq` of the running cell, or 0. */
  Running: 5,
  /** 1 once the running cell has read its abort signal: it is given time to end by itself. */
  Cooperative: 6,
  /** `seq` of the cell to stop: it ends at its next `await`, even when no message reaches the main thread. */
  Stopping: 7,
  /** `seq` of the cell stopped by force: whatever it still starts is cut off. */
  ForceStopped: 8,
  /** Number of messages the main thread has posted, and of those the I/O thread has handled. */
  Posted: 9,
  Handled: 10,
  /** 1 while the main thread waits for a child process (`execSync` and the like): only the child's end resumes it. */
  WaitsForChild: 11,
  /** `seq` of the cell that Stop was last pressed for. */
  StopAsked: 12,
  /** 1 when work that uses the running cell's signal is to leave the step it is in. */
  Urgent: 13,
  Count: 14,
} as const;

/** What runs on the main thread, which decides how an interrupt can reach it. */
export const Phase = {
  /** The event loop: requests, timers, promises of finished cells. */
  Idle: 0,
  /** The kernel itself (compiling a cell): never cut off. */
  Kernel: 1,
  /** A cell's synchronous part: it is ended soon after Stop. */
  Sync: 2,
  /** A cell that awaits something: what runs in between is given a second to get to its end. */
  Await: 3,
} as const;

export const sharedSlots = () => new Int32Array(new SharedArrayBuffer(4 * Slot.Count));

/** Bytes of console output that may be queued before the program that prints has to wait. */
export const HIGH_WATER = 64 * 1024 * 1024;
