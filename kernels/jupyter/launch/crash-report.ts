// The kernel process has died by itself: works out why, in words, and tells the notebook, over sockets bound anew where the
// kernel's were. Then the launcher ends with an error, which makes Jupyter start a new kernel.

import { setTimeout as wait } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { Router, XPublisher } from 'zeromq';
import { address, readConnection } from '../protocol/connection';
import { type Content, encode } from '../protocol/wire-message';
import type { LauncherMessage } from './launch-arguments';

type Request = Extract<LauncherMessage, { op: 'request' }>;

export interface Crash {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The last the process wrote to its own stdout and stderr. */
  output: string;
  /** Whether the system has killed a process for lack of memory meanwhile. */
  outOfMemory: boolean;
  /** Execute requests without an answer, the running one first. */
  requests: Request[];
  /** The last one that was answered. */
  latest: Request | undefined;
}

const SUBSCRIBER_WAIT_MS = 2000;
const MORE_SUBSCRIBERS_MS = 300;
const DELIVERY_MS = 400;

const gigabytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GB`;
const megabytes = (bytes: number) => Math.ceil(bytes / 2 ** 20);

const SIGNALS: Record<string, string> = {
  SIGSEGV: 'native code accessed memory that is not its own (SIGSEGV)',
  SIGBUS: 'native code accessed memory that is not there (SIGBUS)',
  SIGILL: 'native code has an instruction this processor does not know (SIGILL)',
  SIGFPE: 'native code divided by zero (SIGFPE)',
  SIGABRT: 'native code or Node.js itself gave up and called abort() (SIGABRT)',
  SIGTERM: 'it was sent SIGTERM, the request to end',
};

/** Why the process ended, in words; without the final stop. */
export function crashCause({ code, signal, output, outOfMemory }: Crash): string {
  if (/JavaScript heap out of memory|Reached heap limit/.test(output)) {
    const limit = getHeapStatistics().heap_size_limit;
    return `JavaScript heap out of memory: values held by the notebook passed the limit of ${gigabytes(limit)}. Hold fewer of them, or raise the limit: start Jupyter with NODE_OPTIONS=--max-old-space-size=${2 * megabytes(limit)} (megabytes)`;
  }
  if (signal === 'SIGKILL') {
    return outOfMemory
      ? 'the system killed it since memory ran out (SIGKILL): use smaller batches or images, or fewer other programs'
      : 'it was killed from outside (SIGKILL): the system does so when memory runs out';
  }
  if (signal) return SIGNALS[signal] ?? `it was sent ${signal}`;
  return `the process exited with code ${code}: something in it called exit`;
}

/** What Node.js itself prints when a process ends with an inspector and sockets open. */
const NOISE =
  /^Waiting for the debugger to disconnect|^terminate called after throwing an instance of 'Napi::Error'|^\s*what\(\):\s*$/;

/** The last lines of native output that tell something. */
function lastLines(output: string): string[] {
  return output
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line && !NOISE.test(line))
    .slice(-12)
    .map((line) => line.slice(0, 300));
}

/** Sends each unanswered request its error, and says it where the notebook shows output. */
export async function sendCrashReport(connectionFile: string, death: Crash): Promise<void> {
  const connection = readConnection(connectionFile);
  const { key } = connection;
  const session = `detlab-launcher-${process.pid}`;
  const cause = crashCause(death);
  const words = lastLines(death.output);
  const error = {
    ename: 'KernelDied',
    evalue: `The kernel ended: ${cause}`,
    traceback: [
      `KernelDied: the kernel ended: ${cause}.`,
      'Its variables are lost. Jupyter starts a new kernel: run the cells again.',
      ...(words.length ? ['The last it printed:', ...words.map((line) => `    ${line}`)] : []),
    ],
  };
  process.stderr.write(`${error.traceback.join('\n')}\n`);

  const iopub = new XPublisher({ linger: DELIVERY_MS });
  const routers: Partial<Record<Request['channel'], Router>> = {};
  await bind(iopub, address(connection, 'iopub_port'));
  for (const channel of new Set(death.requests.map((request) => request.channel))) {
    const router = new Router({ linger: DELIVERY_MS, mandatory: true });
    routers[channel] = router;
    await bind(router, address(connection, `${channel}_port`));
  }
  // Front ends connect again by themselves; what is published before they have is lost.
  if (await Promise.race([iopub.receive(), wait(SUBSCRIBER_WAIT_MS)])) await wait(MORE_SUBSCRIBERS_MS);

  const publish = (type: string, content: Content, parent: unknown) =>
    iopub.send(
      encode(type, content, { key, session, parent: parent ? JSON.stringify(parent) : undefined, identities: [type] }),
    );
  const [running, ...queued] = death.requests;
  if (running) await publish('error', error, running.header);
  else {
    const text = `${error.traceback.join('\n')}\n`;
    await publish('stream', { name: 'stderr', text }, death.latest?.header);
  }
  for (const request of death.requests) {
    const parent = JSON.stringify(request.header);
    const content = queued.includes(request) ? { status: 'aborted' } : { status: 'error', ...error };
    const identities = request.identities.map((identity) => Buffer.from(identity, 'base64'));
    // One that has not come back is not waited for.
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

/** Binds, also while the system still holds the dead process's port. */
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
