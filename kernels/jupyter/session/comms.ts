// The comms of a session. Messages are delivered at once, also while a cell awaits, except to targets that a cell sent
// before them may yet register.

import { randomUUID } from 'node:crypto';
import type { Request } from '../protocol/thread-messages';
import type { Content } from '../protocol/wire-message';
import { cells, createCell } from './cell';
import { type CommMessage, type CommOptions, type Comms, createComm, type OpenComm, type TargetHandler } from './comm';
import { bytesOf, contentOf } from './comm-data';
import { CommHandlers } from './comm-handlers';
import type { OutputChannel } from './output-channel';

interface Surroundings {
  output: OutputChannel;
  currentRequest(): Request | undefined;
  status(state: 'busy' | 'idle', request: Request): void;
  /** Whether a cell sent before this request has yet to end: it may register a target. */
  isCellBefore(seq: number): boolean;
  /** Prints the error of a handler. */
  print(error: unknown): void;
}

const MAX_POSTPONED = 1000;

const addressOf = ({ comm_id: id, target_name: target }: Content) => ({
  id: typeof id === 'string' ? id : '',
  target: typeof target === 'string' ? target : '',
});

const messageOf = ({ content: { data }, metadata = {}, buffers = [] }: Request): CommMessage => ({
  data: typeof data === 'object' && data !== null ? (data as Content) : {},
  metadata,
  buffers,
});

export class SessionComms {
  private readonly targets = new Map<string, TargetHandler>();
  private readonly open = new Map<string, OpenComm>();
  private readonly handlers: CommHandlers;
  /** Messages that wait for cells sent before them. */
  private postponed: Request[] = [];

  constructor(private readonly surroundings: Surroundings) {
    this.handlers = new CommHandlers(surroundings);
  }

  /** The object that cells use. */
  readonly api: Comms = {
    registerTarget: (name, handler) => {
      if (typeof handler !== 'function') {
        throw new TypeError(`Cannot register comm target "${name}": expected a function, received ${typeof handler}`);
      }
      this.targets.set(name, handler);
      if (this.postponed.length) queueMicrotask(() => this.deliverPostponed());
      return () => {
        if (this.targets.get(name) === handler) this.targets.delete(name);
      };
    },
    open: (target, data = {}, options) => {
      const comm = this.create(randomUUID(), target);
      const what = `comm "${target}"`;
      const content = { comm_id: comm.id, target_name: target, data: contentOf(data, `the data of ${what}`) };
      this.publish('comm_open', content, what, options);
      this.open.set(comm.id, comm);
      return comm;
    },
  };

  /** Takes a message of the front end; false when it is not about comms. */
  handle(request: Request): boolean {
    if (!/^comm_(?:open|msg|close)$/.test(request.header.msg_type)) return false;
    if (this.mustWait(request) && this.postponed.length < MAX_POSTPONED) this.postponed.push(request);
    else this.deliver(request);
    return true;
  }

  /** Delivers postponed messages that need not wait any longer. */
  deliverPostponed(): void {
    const waiting = this.postponed;
    this.postponed = [];
    for (const request of waiting) this.handle(request);
  }

  /** The content of a `comm_info_reply`. */
  info({ target_name: target }: Content): Content {
    const matching = [...this.open.values()].filter((comm) => typeof target !== 'string' || comm.target === target);
    return {
      status: 'ok',
      comms: Object.fromEntries(matching.map((comm) => [comm.id, { target_name: comm.target }])),
    };
  }

  interrupt(): void {
    this.handlers.interrupt();
  }

  private create(id: string, target: string): OpenComm {
    return createComm(
      id,
      target,
      (...message) => this.publish(...message),
      () => this.open.delete(id),
    );
  }

  private publish(type: string, content: Content, what: string, { metadata = {}, buffers = [] }: CommOptions = {}) {
    const { output, currentRequest } = this.surroundings;
    output.publish(type, content, currentRequest(), {
      metadata: contentOf(metadata, `the metadata of ${what}`),
      buffers: buffers.map((bytes) => bytesOf(bytes, what)),
    });
  }

  private mustWait({ seq, header, content }: Request): boolean {
    const { id, target } = addressOf(content);
    if (this.open.has(id) || !this.surroundings.isCellBefore(seq)) return false;
    if (header.msg_type === 'comm_open') return !this.targets.has(target);
    return this.postponed.some((earlier) => earlier.content.comm_id === id);
  }

  private deliver(request: Request): void {
    const { header, content } = request;
    const { id, target } = addressOf(content);
    if (!id) return void this.handlers.run(request, () => {});
    if (header.msg_type === 'comm_open') return void this.accept(request, id, target);
    const comm = this.open.get(id);
    const isClose = header.msg_type === 'comm_close';
    if (comm && isClose) {
      comm.closed = true;
      this.open.delete(id);
    }
    void this.handlers.run(request, () => (isClose ? comm?.closeHandler : comm?.messageHandler)?.(messageOf(request)));
  }

  /** Opens a comm from the front end; closes it when its target is unknown or fails. */
  private async accept(request: Request, id: string, target: string): Promise<void> {
    const handler = this.targets.get(target);
    if (this.open.has(id)) return void this.handlers.run(request, () => {}); // the open comm keeps this id
    const comm = this.create(id, target);
    this.open.set(id, comm);
    const accepted = await this.handlers.run(request, () => {
      if (handler) return handler(comm, messageOf(request));
      comm.close();
    });
    if (!accepted) cells.run(createCell(0, request), () => comm.close());
  }
}
