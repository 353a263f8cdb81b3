// A port that is in use: which process has it, which other port is free.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';

/** Whether this machine's `port` can be listened on; 0: any, which is returned. */
function listens(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port));
    });
  });
}

/** Undefined where `port` is free; else a clause that names who has it, and another port. */
export async function portInUse(port: number): Promise<{ line: string; free: number } | undefined> {
  if ((await listens(port)) !== undefined && holderOf(port) === undefined) return undefined;
  const free = await freePort(port);
  const holder = holderOf(port);
  return { line: `port ${port} is in use${holder ? ` by ${holder}` : ''}; ${free} is free`, free };
}

/** The next free port, or any. */
async function freePort(after: number): Promise<number> {
  for (let port = after + 1; port < Math.min(after + 20, 65536); port++)
    if ((await listens(port)) !== undefined && holderOf(port) === undefined) return port;
  return (await listens(0)) ?? 0;
}

const LISTENS = '0A';

/** `process 4242 (python train.py)` of the process that listens on a port, where Linux shows it. */
export function holderOf(port: number): string | undefined {
  const sockets = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6'])
    for (const line of read(table).split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      const at = Number.parseInt(fields[1]?.split(':')[1] ?? '', 16);
      if (at === port && fields[3] === LISTENS) sockets.add(`socket:[${fields[9]}]`);
    }
  if (sockets.size === 0) return undefined;
  for (const pid of list('/proc').filter((name) => /^\d+$/.test(name)))
    for (const fd of list(`/proc/${pid}/fd`))
      if (sockets.has(link(`/proc/${pid}/fd/${fd}`))) {
        const command = read(`/proc/${pid}/cmdline`).split('\0').filter(Boolean).join(' ');
        return `process ${pid}${command ? ` (${command.slice(0, 80)})` : ''}`;
      }
  return 'a process of another user';
}

function attempt<T>(f: () => T, otherwise: T): T {
  try {
    return f();
  } catch {
    return otherwise;
  }
}
const read = (file: string): string => attempt(() => readFileSync(file, 'utf8'), '');
const list = (folder: string): string[] => attempt(() => readdirSync(folder), []);
const link = (file: string): string => attempt(() => readlinkSync(file), '');
