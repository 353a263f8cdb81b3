// The five zeromq sockets of a kernel.

import { Reply, Router, XPublisher } from 'zeromq';
import { address, type Connection } from '../protocol/connection';
import type { Request } from '../protocol/thread-messages';

/** A peer that sends a larger frame is disconnected. */
const MAX_FRAME_BYTES = 256 * 1024 * 1024;
export const MAX_TOPIC_BYTES = 1024;
/** How long a message waits for a subscriber that reads nothing. */
export const SEND_TIMEOUT_MS = 10_000;

export interface Sockets {
  iopub: XPublisher;
  routers: Record<Request['channel'], Router>;
  heartbeat: Reply;
}

export function createSockets(): Sockets {
  const router = { linger: 1000, sendHighWaterMark: 0, maxMessageSize: MAX_FRAME_BYTES };
  return {
    iopub: new XPublisher({
      linger: 1000,
      sendHighWaterMark: 250,
      noDrop: true,
      sendTimeout: SEND_TIMEOUT_MS,
      maxMessageSize: MAX_TOPIC_BYTES,
      verbosity: 'allSubs', // every front end is welcomed, not only the first with its topic
      manual: true, // a subscription counts from `acceptSubscription` on: its first message is the welcome
    }),
    routers: {
      shell: new Router(router),
      control: new Router(router),
      stdin: new Router({ ...router, mandatory: true }), // an undeliverable input_request must fail
    },
    heartbeat: new Reply({ linger: 0, maxMessageSize: MAX_FRAME_BYTES }),
  };
}

/** Option 6 of zeromq.h, which zeromq's types offer for subscribers only. */
const ZMQ_SUBSCRIBE = 6;

/** Lets the front end whose subscription was received last have what is published from now on. */
export function acceptSubscription(iopub: XPublisher, topic: Buffer): void {
  const options = iopub as unknown as { setStringOption(option: number, value: Buffer): void };
  options.setStringOption(ZMQ_SUBSCRIBE, topic);
}

/** @throws Error naming the port that cannot be opened, and why */
export async function bindSockets({ iopub, routers, heartbeat }: Sockets, connection: Connection): Promise<void> {
  const bind = async (socket: XPublisher | Router | Reply, port: Parameters<typeof address>[1]) => {
    const place = address(connection, port);
    await socket.bind(place).catch((error: Error) => {
      throw new Error(`Cannot open ${place} (${port} of the connection file): ${error.message}`);
    });
  };
  await Promise.all([
    bind(iopub, 'iopub_port'),
    bind(routers.shell, 'shell_port'),
    bind(routers.control, 'control_port'),
    bind(routers.stdin, 'stdin_port'),
    bind(heartbeat, 'hb_port'),
  ]);
}

export function closeSockets({ iopub, routers, heartbeat }: Sockets): void {
  for (const socket of [iopub, heartbeat, ...Object.values(routers)]) socket.close();
}
