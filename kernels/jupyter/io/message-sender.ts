// Makes the kernel's outgoing messages: addressed to the front end of their parent request, and signed.

import { randomUUID } from 'node:crypto';
import type { LauncherChannel } from '../launch/launcher-channel';
import { type Request, Slot } from '../protocol/thread-messages';
import { type Content, encode, type Message } from '../protocol/wire-message';
import type { SendQueue } from './send-queue';
import { acceptSubscription, type Sockets } from './sockets';

/** Requests whose headers are kept: late output of an older cell has no parent. */
const MAX_REQUESTS = 10_000;
/** Messages that a silent request does not publish. */
const OUTPUT = /^(?:stream|display_data|update_display_data|execute_input|execute_result|error|clear_output)$/;

interface ReceivedRequest {
  channel: Request['channel'];
  type: string;
  identities: Buffer[];
  /** As it came. */
  header: string;
  silent: boolean;
}

interface Extras {
  metadata?: Content;
  buffers?: Uint8Array[];
  bytes?: number;
}

interface SenderParts {
  key: string;
  sockets: Sockets;
  queue: SendQueue;
  shared: Int32Array;
  launcher: LauncherChannel;
}

export class MessageSender {
  /** By `seq`. */
  private readonly requests = new Map<number, ReceivedRequest>();
  private readonly session = randomUUID();

  constructor(private readonly parts: SenderParts) {}

  /** Keeps the part of a request that its answers need. */
  remember(seq: number, channel: Request['channel'], { header, headerText, identities, content }: Message): void {
    const silent = content.silent === true;
    this.requests.set(seq, { channel, type: header.msg_type, identities, header: headerText, silent });
    if (this.requests.size > MAX_REQUESTS) this.requests.delete(seq - MAX_REQUESTS);
  }

  publish(type: string, content: Content, parent: number, { metadata, buffers, bytes = 0 }: Extras = {}) {
    const { sockets, queue } = this.parts;
    const request = this.requests.get(parent);
    if (request?.silent && OUTPUT.test(type)) return queue.release(bytes);
    queue.send(
      sockets.iopub,
      this.encode(type, content, { parent: request?.header, identities: [type], metadata, buffers }),
      bytes,
    );
  }

  status(state: 'starting' | 'busy' | 'idle', parent: number): void {
    this.publish('status', { execution_state: state }, parent);
  }

  reply(type: string, content: Content | string, parent: number, metadata?: Content): void {
    const request = this.requests.get(parent);
    if (!request) return;
    const { identities, header, channel } = request;
    const { sockets, queue, launcher } = this.parts;
    queue.send(sockets.routers[channel], this.encode(type, content, { parent: header, identities, metadata }));
    if (type === 'execute_reply') launcher.send({ op: 'replied', seq: parent });
  }

  /** Replies to a request, ends its busy status, and marks the running cell as busy again. */
  finish(content: Content | string, seq: number): void {
    const request = this.requests.get(seq);
    if (!request) return;
    this.reply(request.type.replace(/_request$/, '_reply'), content, seq);
    this.status('idle', seq);
    const running = Atomics.load(this.parts.shared, Slot.Running);
    if (running) this.status('busy', running);
  }

  /** @param undelivered called when no front end can receive it */
  requestInput(id: string, content: Content, parent: number, undelivered: () => void) {
    const request = this.requests.get(parent);
    if (!request) return undelivered();
    const { identities, header } = request;
    const { sockets, queue } = this.parts;
    const frames = this.encode('input_request', content, { parent: header, identities, id });
    queue.send(sockets.routers.stdin, frames, 0, undelivered);
  }

  /** Accepts the subscription that was received last; its front end gets the welcome before anything else. */
  welcome(topic: Buffer): void {
    const { iopub } = this.parts.sockets;
    const subscription = topic.toString('utf8');
    acceptSubscription(iopub, topic);
    const identities = subscription ? [subscription] : [];
    this.parts.queue.sendNext(iopub, this.encode('iopub_welcome', { subscription }, { identities }));
  }

  private encode(
    type: string,
    content: Content | string,
    envelope: Omit<Parameters<typeof encode>[2], 'key' | 'session'>,
  ) {
    return encode(type, content, { key: this.parts.key, session: this.session, ...envelope });
  }
}
