// A comm: a channel between cell code and the front end. The contract is in README.md.

import type { Content } from '../protocol/wire-message';
import { contentOf } from './comm-data';

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
  /** Called with each message of the front end; a new handler replaces the one before. */
  onMessage(handler: CommHandler | undefined): void;
  /** Called when the front end closes the comm. */
  onClose(handler: CommHandler | undefined): void;
}

export interface Comms {
  /**
   * Accepts comms that the front end opens to `name`; returns what ends that. A new handler replaces the one before.
   */
  registerTarget(name: string, handler: TargetHandler): () => void;
  /** Opens a comm to a target of the front end. */
  open(target: string, data?: Content, options?: CommOptions): Comm;
}

/** The kernel's side of a comm. */
export interface OpenComm extends Comm {
  closed: boolean;
  messageHandler?: CommHandler;
  closeHandler?: CommHandler;
}

/** Publishes a message of a comm; `what` names the comm in errors. */
export type PublishComm = (type: string, content: Content, what: string, options?: CommOptions) => void;

/** A plain object, so that cells may take its functions out of it. */
export function createComm(id: string, target: string, publish: PublishComm, onClosed: () => void): OpenComm {
  const what = `comm "${target}"`;
  const comm: OpenComm = {
    id,
    target,
    closed: false,
    send(data = {}, options) {
      if (comm.closed) throw new Error(`Cannot send to ${what}: it is closed; open another with notebook.comms.open()`);
      publish('comm_msg', { comm_id: id, data: contentOf(data, `the data of ${what}`) }, what, options);
    },
    close(data = {}, options) {
      if (comm.closed) return;
      publish('comm_close', { comm_id: id, data: contentOf(data, `the data of ${what}`) }, what, options);
      comm.closed = true;
      onClosed();
    },
    onMessage(handler) {
      comm.messageHandler = handler;
    },
    onClose(handler) {
      comm.closeHandler = handler;
    },
  };
  return comm;
}
