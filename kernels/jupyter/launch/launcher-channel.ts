// The socket between the kernel and its launcher, seen from the kernel. It reports requests and replies, from which the
// launcher knows what was lost if the process crashes; the launcher passes on a Stop. When it closes, the launcher is gone
// and the process group ends.

import { Socket } from 'node:net';
import type { Request } from '../protocol/thread-messages';
import type { Message } from '../protocol/wire-message';
import { INTERRUPT } from './launch-arguments';

/** What the kernel reports to the launcher, one JSON text per line. */
export type LauncherMessage =
  | { op: 'ready' }
  | {
      op: 'request';
      seq: number;
      channel: Request['channel'];
      identities: string[];
      header: unknown;
      /** The execution count, once the cell has started. */
      count: number;
    }
  | { op: 'started'; seq: number; count: number }
  | { op: 'replied'; seq: number }
  | { op: 'native'; text: string }
  | { op: 'exit'; code: number }
  | { op: 'shutdown' };

export interface LauncherChannel {
  send(message: LauncherMessage): void;
  /** Reports an execute request, which awaits its reply from now on; other requests are left out. */
  reportRequest(seq: number, channel: Request['channel'], message: Message): void;
}

/** @param onInterrupt called when the launcher passes on a Stop */
export function openLauncherChannel(fd: number | undefined, onInterrupt: () => void): LauncherChannel {
  if (fd === undefined) return { send: () => {}, reportRequest: () => {} };
  // A socket writes before `write` returns; the process may crash a moment later.
  const socket = new Socket({ fd, readable: true, writable: true });
  socket.unref();
  socket.on('error', () => {});
  socket.on('close', () => {
    const group = process.platform === 'win32' ? process.pid : -process.pid;
    process.kill(group, 'SIGKILL');
  });
  socket.on('data', (bytes) => {
    if (bytes.toString('latin1').includes(INTERRUPT)) onInterrupt();
  });
  const send = (message: LauncherMessage) => void socket.write(`${JSON.stringify(message)}\n`);
  return {
    send,
    reportRequest(seq, channel, { header, identities }) {
      if (header.msg_type !== 'execute_request') return;
      const encoded = identities.map((identity) => identity.toString('base64'));
      send({ op: 'request', seq, channel, identities: encoded, header, count: 0 });
    },
  };
}
