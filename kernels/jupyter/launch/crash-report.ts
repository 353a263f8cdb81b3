// The crash report: finds out why the kernel process ended by itself and sends it to the notebook, over sockets bound
// again to the kernel's ports. The launcher then exits with an error, which makes Jupyter start a new kernel.

import { setTimeout as wait } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { Router, XPublisher } from 'zeromq';
import { address, readConnection } from '../protocol/connection';
import { type Content, encode } from '../protocol/wire-message';
import type { UnansweredRequest } from './kernel-record';

export interface Crash {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The end of what the process wrote to its own stdout and stderr. */
  output: string;
  /** Whether the system has killed a process because memory ran out. */
  outOfMemory: boolean;
  /** Execute requests without a reply, the running one first. */
  requests: UnansweredRequest[];
  /** The execute request that was replied to last. */
  latest: UnansweredRequest | undefined;
}

const SUBSCRIBER_WAIT_MS = 2000;
const MORE_SUBSCRIBERS_MS = 300;
const DELIVERY_MS = 400;

const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GB`;
const megabytes = (bytes: number) => Math.ceil(bytes / 2 ** 20);

const SIGNALS: Record<string, string> = {
  SIGSEGV: 'native code accessed memory outside its address space (SIGSEGV)',
  SIGBUS: 'native code accessed an invalid address (SIGBUS)',
  SIGILL: 'native code uses an instruction that this processor does not support (SIGILL)',
  SIGFPE: 'native code divided an integer by zero (SIGFPE)',
  SIGABRT: 'native code or Node.js itself gave up and called abort() (SIGABRT)',
  SIGTERM: 'it received SIGTERM, a request to end',
};

/** Why the process ended, as a clause without a full stop. */
function crashCause({ code, signal, output, outOfMemory }: Crash): string {
  if (/JavaScript heap out of memory|Reached heap limit/.test(output)) {
    const limit = getHeapStatistics().heap_size_limit;
    return `JavaScript heap out of memory: the notebook's values exceed the limit of ${gigabytes(limit)}. Keep fewer of them, or raise the limit: start Jupyter with NODE_OPTIONS=--max-old-space-size=${2 * megabytes(limit)} (megabytes)`;
  }
  if (signal === 'SIGKILL') {
    return outOfMemory
      ? 'the system killed it because memory ran out (SIGKILL): use smaller batches or images, or close other programs'
      : 'it was killed from outside (SIGKILL), as the system does when memory runs out';
  }
  if (signal) return SIGNALS[signal] ?? `it received ${signal}`;
  return `the process exited with code ${code}: a library or native code called exit`;
}

/** Printed by Node.js itself when a process ends with an inspector and sockets open. */
const NOISE =
  /^Waiting for the debugger to disconnect|^terminate called after throwing an instance of 'Napi::Error'|^\s*what\(\):\s*$/;

/** The last informative lines of native output. */
function lastLines(output: string): string[] {
  return output
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line && !NOISE.test(line))
    .slice(-12)
    .map((line) => line.slice(0, 300));
}

/** Replies to each unanswered request with the error, and shows it in the notebook. */
export async function sendCrashReport(connectionFile: string, crash: Crash): Promise<void> {
  const connection = readConnection(connectionFile);
  const { key } = connection;
  const session = `detlab-launcher-${process.pid}`;
  const cause = crashCause(crash);
  const lines = lastLines(crash.output);
  const error = {
    ename: 'KernelDied',
    evalue: `The kernel ended: ${cause}`,
    traceback: [
      `KernelDied: the kernel ended: ${cause}.`,
      'Its variables are lost. Jupyter starts a new kernel: run the cells again.',
      ...(lines.length ? ['Its last output:', ...lines.map((line) => `    ${line}`)] : []),
    ],
  };
  process.stderr.write(`${error.traceback.join('\n')}\n`);

  const iopub = new XPublisher({ linger: DELIVERY_MS });
  const routers: Partial<Record<UnansweredRequest['channel'], Router>> = {};
  await bind(iopub, address(connection, 'iopub_port'));
  for (const channel of new Set(crash.requests.map((request) => request.channel))) {
    const router = new Router({ linger: DELIVERY_MS, mandatory: true });
    routers[channel] = router;
    await bind(router, address(connection, `${channel}_port`));
  }
  // Front ends reconnect by themselves; what is published before they have is lost.
  if (await Promise.race([iopub.receive(), wait(SUBSCRIBER_WAIT_MS)])) await wait(MORE_SUBSCRIBERS_MS);

  const publish = (type: string, content: Content, parent: unknown) =>
    iopub.send(
      encode(type, content, { key, session, parent: parent ? JSON.stringify(parent) : undefined, identities: [type] }),
    );
  const [running, ...queued] = crash.requests;
  if (running) await publish('error', error, running.header);
  else {
    const text = `${error.traceback.join('\n')}\n`;
    await publish('stream', { name: 'stderr', text }, crash.latest?.header);
  }
  for (const request of crash.requests) {
    const parent = JSON.stringify(request.header);
    const content = queued.includes(request) ? { status: 'aborted' } : { status: 'error', ...error };
    const identities = request.identities.map((identity) => Buffer.from(identity, 'base64'));
    // A front end that has not reconnected is not waited for.
    await routers[request.channel]
      ?.send(
        encode('execute_reply', { ...content, execution_count: request.count }, { key, session, parent, identities }),
      )
      .catch(() => {});
    await publish('status', { execution_state: 'idle' }, request.header);
  }
  await wait(DELIVERY_MS);
  for (const socket of [iopub, ...Object.values(routers)]) socket.close();
}

/** Binds, with retries while the system still holds the port of the process that crashed. */
async function bind(socket: XPublisher | Router, where: string) {
  for (let tries = 20; ; tries--) {
    try {
      return await socket.bind(where);
    } catch (error) {
      if (tries === 0) throw error;
      await wait(50);
    }
  }
}
