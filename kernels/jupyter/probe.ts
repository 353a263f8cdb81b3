// The trial of `detlab kernel doctor`: reads a kernelspec's `{ argv, env }` from stdin, starts that kernel, evaluates
// 1+1 and shuts it down. Reports each step as a JSON line: zeromq loads, sockets connect on loopback, the kernel
// answers.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const STEP_MS = 5_000;
const READY_MS = 60_000;
const ANSWER_MS = 20_000;

const report = (name: string, ok: boolean, detail: string) =>
  process.stdout.write(`${JSON.stringify({ name, ok, detail })}\n`);
const messageOf = (error: unknown) => String((error as Error).message ?? error).slice(0, 1000);

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = sleep(ms, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`no answer in ${ms / 1000} s`);
  });
  late.catch(() => {}); // the race reports it, unless it is aborted
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}

async function loopback(zeromq: typeof import('zeromq')): Promise<string> {
  const reply = new zeromq.Reply({ linger: 0 });
  const request = new zeromq.Request({ linger: 0 });
  try {
    await reply.bind('tcp://127.0.0.1:*');
    request.connect(reply.lastEndpoint!);
    await request.send('beat');
    await reply.send(await reply.receive());
    await request.receive();
    return 'tcp on 127.0.0.1';
  } finally {
    reply.close();
    request.close();
  }
}

async function trial(argv: string[], env: Record<string, string>): Promise<string> {
  const { KernelClient } = require('./client') as typeof import('./client');
  const client = await KernelClient.start(undefined, { argv, env, readyWithin: READY_MS });
  try {
    const ready = (client.firstReply! - client.started) / 1000;
    const { result, error } = await client.execute('1+1', {}, ANSWER_MS);
    if (result !== '2') throw new Error(`1+1 gave ${error ? `${error.ename}: ${error.evalue}` : result}`);
    if (!(await client.shutdown())) throw new Error('it did not end after the shutdown request');
    return `ready in ${ready.toFixed(1)} s, 1+1 gives 2, shuts down`;
  } finally {
    await client.stop();
  }
}

async function main() {
  const { argv, env } = JSON.parse(readFileSync(0, 'utf8')) as { argv: string[]; env: Record<string, string> };
  const steps: [string, () => Promise<string>][] = [
    ['zeromq', async () => `libzmq ${require('zeromq').version}`],
    ['loopback', () => within(STEP_MS, loopback(require('zeromq')))],
    ['kernel', () => trial(argv, env)],
  ];
  for (const [name, work] of steps) {
    try {
      report(name, true, await work());
    } catch (error) {
      report(name, false, messageOf(error));
      return 1; // the next steps depend on it
    }
  }
  return 0;
}

void main().then((code) => process.exit(code));
