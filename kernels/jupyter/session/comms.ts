// Comms: channels between cell code and the front end (widgets use them). A message is handled at once, also while a
// cell awaits; what its handler prints, shows and sends is a child of that message. The contract is in README.md.

import { randomUUID } from 'node:crypto';
import type { Request } from '../protocol/thread-messages';
import type { Content } from '../protocol/wire-message';
import { type Cell, cells, createCell, Interrupted } from './cell';
import { bytesOf, contentOf } from './comm-data';
import type { OutputChannel } from './output-channel';

export interface CommMessage {
  data: Content;
  metadata: Content;
  buffers: Uint8Array[];
}

export interface CommOptions {
  metadata?: Content;
  buffers?: (ArrayBuffer | ArrayBufferView)[];
}

export type CommHandler = (message: CommMessage) => unknown;
export type TargetHandler = (comm: Comm, message: CommMessage) => unknown;

export interface Comm {
  readonly id: string;
  readonly target: string;
  readonly closed: boolean;
  send(data?: Content, options?: CommOptions): void;
  /** Closes both ends; closing again does nothing. */
  close(data?: Content, options?: CommOptions): void;
  /** Called with each message of the front end; the last handler given is the one. */
  onMessage(handler: CommHandler | undefined): void;
  /** Called when the front end closes the comm. */
  onClose(handler: CommHandler | undefined): void;
}

export interface Comms {
  /** Takes comms the front end opens to `name`; returns what takes that back. The last handler given is the one. */
  registerTarget(name: string, handler: TargetHandler): () => void;
  /** Opens a comm to a target of the front end. */
  open(target: string, data?: Content, options?: CommOptions): Comm;
}

interface Opened extends Comm {
  closed: boolean;
  received?: CommHandler;
  ended?: CommHandler;
}

interface Surroundings {
  output: OutputChannel;
  currentRequest(): Request | undefined;
  /** Publishes a request's status. */
  status(state: 'busy' | 'idle', request: Request): void;
  /** Whether a cell that was sent before this request has yet to end: it may register a target. */
  isCellBefore(seq: number): boolean;
  print(error: unknown): void;
}

const MOST_POSTPONED = 1000;

export function createComms({ output, currentRequest, status, isCellBefore, print }: Surroundings) {
  const targets = new Map<string, TargetHandler>();
  const open = new Map<string, Opened>();
  /** Handlers at work, and what says that they have ended. */
  const active = new Map<Cell, () => void>();
  let postponed: Request[] = [];

  function publish(type: string, content: Content, what: string, { metadata = {}, buffers = [] }: CommOptions = {}) {
    output.publish(type, content, currentRequest(), {
      metadata: contentOf(metadata, `the metadata of ${what}`),
      buffers: buffers.map((bytes) => bytesOf(bytes, what)),
    });
  }

  function create(id: string, target: string): Opened {
    const what = `comm "${target}"`;
    const comm: Opened = {
      id,
      target,
      closed: false,
      send(data = {}, options) {
        if (comm.closed)
          throw new Error(`Cannot send to ${what}: it is closed; open another with notebook.comms.open()`);
        publish('comm_msg', { comm_id: id, data: contentOf(data, `the data of ${what}`) }, what, options);
      },
      close(data = {}, options) {
        if (comm.closed) return;
        publish('comm_close', { comm_id: id, data: contentOf(data, `the data of ${what}`) }, what, options);
        comm.closed = true;
        open.delete(id);
      },
      onMessage(handler) {
        comm.received = handler;
      },
      onClose(handler) {
        comm.ended = handler;
      },
    };
    return comm;
  }

  const addressOf = ({ comm_id: id, target_name: target }: Content) => ({
    id: typeof id === 'string' ? id : '',
    target: typeof target === 'string' ? target : '',
  });

  /** Runs a handler as the child of a request; what it throws is printed. */
  async function run(request: Request, work: () => unknown): Promise<boolean> {
    const cell = createCell(0, request);
    status('busy', request);
    const end = () => {
      if (active.delete(cell)) status('idle', request);
    };
    active.set(cell, end);
    try {
      await cells.run(cell, work);
      return true;
    } catch (error) {
      if (!cell.stopped) cells.run(cell, () => print(error));
      return false;
    } finally {
      end();
    }
  }

  const messageOf = ({ content: { data }, metadata = {}, buffers = [] }: Request): CommMessage => ({
    data: typeof data === 'object' && data !== null ? (data as Content) : {},
    metadata,
    buffers,
  });

  async function openFrom(request: Request, id: string, target: string) {
    const handler = targets.get(target);
    if (open.has(id)) return run(request, () => {}); // it would cut off the one that has this id
    const comm = create(id, target);
    open.set(id, comm);
    const opened = await run(request, () => {
      if (handler) return handler(comm, messageOf(request));
      comm.close();
    });
    if (!opened) cells.run(createCell(0, request), () => comm.close());
  }

  /** Whether a message is to wait for the cells that were sent before it. */
  function mustWait({ seq, header, content }: Request): boolean {
    const { id, target } = addressOf(content);
    if (open.has(id) || !isCellBefore(seq)) return false;
    if (header.msg_type === 'comm_open') return !targets.has(target);
    return postponed.some((earlier) => earlier.content.comm_id === id);
  }

  function deliver(request: Request) {
    const { header, content } = request;
    const { id, target } = addressOf(content);
    if (!id) return void run(request, () => {});
    if (header.msg_type === 'comm_open') return void openFrom(request, id, target);
    const comm = open.get(id);
    if (comm && header.msg_type === 'comm_close') {
      comm.closed = true;
      open.delete(id);
    }
    const handler = header.msg_type === 'comm_close' ? comm?.ended : comm?.received;
    void run(request, () => handler?.(messageOf(request)));
  }

  /** Delivers what waited and need not wait any longer. */
  function settle() {
    const waited = postponed;
    postponed = [];
    for (const request of waited) receive(request);
  }

  function receive(request: Request) {
    if (mustWait(request) && postponed.length < MOST_POSTPONED) postponed.push(request);
    else deliver(request);
  }

  const comms: Comms = {
    registerTarget(name, handler) {
      if (typeof handler !== 'function') {
        throw new TypeError(`Cannot register comm target "${name}": expected a function, received ${typeof handler}`);
      }
      targets.set(name, handler);
      if (postponed.length) queueMicrotask(settle);
      return () => {
        if (targets.get(name) === handler) targets.delete(name);
      };
    },
    open(target, data = {}, options) {
      const comm = create(randomUUID(), target);
      const what = `comm "${target}"`;
      const content = { comm_id: comm.id, target_name: target, data: contentOf(data, `the data of ${what}`) };
      publish('comm_open', content, what, options);
      open.set(comm.id, comm);
      return comm;
    },
  };

  return {
    comms,
    /** Takes a message of the front end; false when it is not about comms. */
    handle(request: Request): boolean {
      if (!/^comm_(?:open|msg|close)$/.test(request.header.msg_type)) return false;
      receive(request);
      return true;
    },
    settle,
    info({ target_name: target }: Content): Content {
      const found = [...open.values()].filter((comm) => typeof target !== 'string' || comm.target === target);
      return {
        status: 'ok',
        comms: Object.fromEntries(found.map((comm) => [comm.id, { target_name: comm.target }])),
      };
    },
    /** Stop was pressed: handlers at work are told, and not waited for, since one ended by force never settles. */
    interrupt() {
      for (const [cell, end] of active) {
        cell.stopped = new Interrupted('Stopped by the user');
        cell.controller.abort(cell.stopped);
        end();
      }
    },
  };
}
