// Measures one session of a kernel, for `npm run bench -- --kernel`. Features that a kernel lacks are skipped; lost output
// is recorded as the number of lines that arrived.

import { KernelClient } from '../kernels/jupyter/client';
import type { Content } from '../kernels/jupyter/protocol/wire-message';

export interface Subject {
  name: string;
  argv: string[];
  /** A cell that imports `tf`, for kernels that do not preload it. */
  prelude?: string;
  /** Whether `tf` and DetLab's API are available. */
  supports: { tf: boolean; detlab: boolean };
}

/** Samples in milliseconds, by measurement. */
export type Samples = Record<string, number[]>;
export interface Session {
  samples: Samples;
  /** Number of printed lines, and of those that arrived complete and in order. */
  lines: Record<string, { arrived: number; printed: number }>;
  /** Error messages. */
  failures: string[];
}

const CELLS = 50;
const REQUESTS = 20;
const ANSWER_MS = 120_000;
/** After a reply, the status "idle" counts as lost when no message arrives for this time. */
const LOST_MS = 5_000;

export const HEAVY = "import * as vega from 'vega';\nimport { z } from 'zod';\n[typeof vega.parse, typeof z.object]";

export async function measureSession({ argv, prelude, supports }: Subject, folder: string): Promise<Session> {
  const samples: Samples = {};
  const lines: Session['lines'] = {};
  const failures: string[] = [];
  const record = (name: string, ms: number) => {
    (samples[name] ??= []).push(ms);
  };
  const client = await KernelClient.start(folder, { argv, readyWithin: ANSWER_MS });
  const sinceStart = () => performance.now() - client.started;

  /** Runs a cell and records its time unless it fails. */
  async function cell(name: string, code: string): Promise<boolean> {
    const started = performance.now();
    const { error, reply } = await client.execute(code, {}, ANSWER_MS);
    const milliseconds = performance.now() - started;
    if (error || reply.status !== 'ok') failures.push(`${name}: ${error?.evalue ?? reply.status}`.slice(0, 300));
    else record(name, milliseconds);
    return !error && reply.status === 'ok';
  }

  /** Sends a request repeatedly; the first, which may compile code that later ones reuse, is recorded separately. */
  async function request(name: string, type: string, code: string, isCorrect: (reply: Content) => boolean) {
    for (let i = 0; i <= REQUESTS; i++) {
      const started = performance.now();
      const content = { code, cursor_pos: code.length, detail_level: 0 };
      const { reply } = await client.finish(client.send('shell', type, content), ANSWER_MS);
      if (!isCorrect(reply)) return void failures.push(`${name}: not found`);
      record(i === 0 ? `${name}, the first` : name, performance.now() - started);
    }
  }
  const complete = (name: string, code: string, match: string) =>
    request(`completion: ${name}`, 'complete_request', code, (reply) => (reply.matches as string[])?.includes(match));

  async function print(name: string, code: string, printed: number) {
    const started = Date.now();
    const id = client.start(code);
    await client.wait((m) => m.channel === 'shell' && m.parent === id, ANSWER_MS);
    const idle = (m: { parent: string; type: string; content: Content }) =>
      m.parent === id && m.type === 'status' && m.content.execution_state === 'idle';
    let ended = false;
    for (let before = -1; !ended && client.received.length > before; ) {
      before = client.received.length;
      ended = await client.wait(idle, LOST_MS).then(
        () => true,
        () => false,
      );
    }
    if (!ended) failures.push(`${name}: the status "idle" was lost`);
    const messages = client.received.filter((m) => m.parent === id && (m.type === 'stream' || idle(m)));
    const text = messages.map((m) => (m.type === 'stream' ? m.content.text : '')).join('');
    const received = text.split('\n');
    let arrived = 0;
    for (const line of received) if (line === `line ${arrived}`) arrived++;
    lines[name] = {
      arrived: arrived === printed ? printed : received.filter((line) => /^line \d+$/.test(line)).length,
      printed,
    };
    record(name, Math.max(...messages.map((m) => m.at)) - started);
  }

  try {
    record('start to the first answer (kernel_info)', client.firstReply! - client.started);
    await cell('the first cell', '1 + 1');
    record('start to the first cell done', sinceStart());
    if (prelude) await cell('import of tf', prelude);
    if (supports.tf) {
      const sum = 'tf.tensor1d([1, 2, 3]).sum().dataSync()[0]';
      await cell('the first cell with tf', sum);
      record('start to the first tf cell done', sinceStart());
      for (let i = 0; i < REQUESTS; i++) await cell('cell with tf', sum);
      for (let i = 0; i < REQUESTS; i++) await cell('cell with tf, another text each time', sum.replace('3', `${i}`));
    }
    for (let i = 0; i < CELLS; i++) await cell('trivial cell (1 + 1)', '1 + 1');
    for (let i = 0; i < CELLS; i++) await cell('trivial cell, another text each time', `2 + ${i}`);
    for (let i = 0; i < CELLS; i++) await cell('cell that declares a name', `const value${i} = ${i};`);
    await complete('a global (con)', 'con', 'console');
    await request('inspection: console.log', 'inspect_request', 'console.log', (reply) => reply.found === true);
    if (supports.tf) {
      await complete('a member (tf.)', 'tf.', 'tensor2d');
      await request('inspection: tf.tensor2d', 'inspect_request', 'tf.tensor2d', (reply) => reply.found === true);
    }
    if (supports.detlab) {
      await cell('a recipe', "const base = detector('faster-rcnn_r18_fpn_toytown');");
      await complete('a config type', "base.neck({ type: '", 'PAFPN');
      await complete('an option key', "base.neck({ type: 'FPN', ", 'num_outs');
      await complete("a recipe's path (.set)", "base.set({ '", 'model.neck');
      await complete("a model's path (.freeze)", "base.freeze('", 'neck.fpn_convs');
      await complete('a config name (detector)', "detector('fas", 'faster-rcnn_r50_fpn_1x_coco');
    }
    if (await cell('import of vega and zod', HEAVY)) {
      await cell('the first trivial cell after it', '1 + 1');
      for (let i = 0; i < REQUESTS; i++) await cell('later trivial cells after it', '1 + 1');
    }
    await print('100,000 lines in a loop', 'for (let i = 0; i < 100000; i++) console.log("line " + i);', 100_000);
    await print(
      '5,000 lines across awaits',
      'for (let i = 0; i < 5000; i++) { console.log("line " + i); await new Promise((resolve) => setImmediate(resolve)); }',
      5_000,
    );
  } catch (error) {
    failures.push(`ended early: ${(error as Error).message.split('\n')[0]}`);
  } finally {
    await client.stop();
  }
  return { samples, lines, failures };
}
