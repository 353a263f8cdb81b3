// The kernel's end of the launcherFd (launched.ts): tells the launcher what the kernel is about, so that it can say what was
// lost should the process die; and ends the process, with the children of its cells, when the launcher is gone.

import { Socket } from 'node:net';
import type { Request } from '../protocol/thread-messages';
import type { Message } from '../protocol/wire-message';
import type { LauncherMessage } from './launch-arguments';

export interface LauncherChannel {
  note(note: LauncherMessage): void;
  /** A request has arrived: from now on it is owed an answer. */
  request(seq: number, channel: Request['channel'], message: Message): void;
}

export function openLauncherChannel(fd: number | undefined): LauncherChannel {
  if (fd === undefined) return { note: () => {}, request: () => {} };
  // Written at once: the system call is made before `write` returns, and the process may be dead a moment later.
  const socket = new Socket({ fd, readable: true, writable: true });
  socket.unref();
  socket.on('error', () => {});
  socket.on('close', () => {
    const group = process.platform === 'win32' ? process.pid : -process.pid;
    process.kill(group, 'SIGKILL');
  });
  socket.resume();
  const note = (each: LauncherMessage) => void socket.write(`${JSON.stringify(each)}\n`);
  return {
    note,
    request(seq, channel, { header, identities }) {
      if (header.msg_type !== 'execute_request') return;
      const names = identities.map((identity) => identity.toString('base64'));
      note({ op: 'request', seq, channel, identities: names, header, count: 0 });
    },
  };
}
