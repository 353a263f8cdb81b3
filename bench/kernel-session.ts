// One kernel measured from its start to its end, for `npm run bench -- --kernel`. What a kernel cannot do is left out; what
// loses lines says how many arrived.

import { KernelClient } from '../kernels/jupyter/client';
import type { Content } from '../kernels/jupyter/protocol/wire-message';

export interface Subject {
  name: string;
  argv: string[];
  /** What is run first, so that `tf` is there; absent where it is preloaded. */
  prelude?: string;
  /** `tf` is there; the detectors too. */
  knows: { tf: boolean; detlab: boolean };
}

/** Samples in milliseconds, by what was measured. */
export type Samples = Record<string, number[]>;
export interface Session {
  samples: Samples;
  /** Lines that arrived complete and in order, of those printed. */
  lines: Record<string, { arrived: number; printed: number }>;
  /** What failed, in words. */
  failures: string[];
}

const CELLS = 50;
const REQUESTS = 20;
const ANSWER_MS = 120_000;
/** After a reply, an idle that may have been lost is waited for until nothing has come for so long. */
const LOST_MS = 5_000;

export const HEAVY = "import * as vega from 'vega';\nimport { z } from 'zod';\n[typeof vega.parse, typeof z.object]";

export async function measureSession({ argv, prelude, knows }: Subject, folder: string): Promise<Session> {
  const samples: Samples = {};
  const lines: Session['lines'] = {};
  const failures: string[] = [];
  const note = (name: string, ms: number) => {
    (samples[name] ??= []).push(ms);
  };
  const client = await KernelClient.start(folder, { argv, readyWithin: ANSWER_MS });
  const sinceStart = () => performance.now() - client.started;

  /** Runs a cell; notes its time unless it failed. */
  async function cell(name: string, code: string): Promise<boolean> {
    const began = performance.now();
    const { error, reply } = await client.execute(code, {}, ANSWER_MS);
    const took = performance.now() - began;
    if (error || reply.status !== 'ok') failures.push(`${name}: ${error?.evalue ?? reply.status}`.slice(0, 300));
    else note(name, took);
    return !error && reply.status === 'ok';
  }

  /** Asks for something `REQUESTS` times: the first answer apart, since it may have to compile what later ones find. */
  async function ask(name: string, type: string, code: string, found: (reply: Content) => boolean) {
    for (let i = 0; i <= REQUESTS; i++) {
      const began = performance.now();
      const content = { code, cursor_pos: code.length, detail_level: 0 };
      const { reply } = await client.finish(client.send('shell', type, content), ANSWER_MS);
      if (!found(reply)) return void failures.push(`${name}: not found`);
      note(i === 0 ? `${name}, the first` : name, performance.now() - began);
    }
  }
  const complete = (name: string, code: string, match: string) =>
    ask(`completion: ${name}`, 'complete_request', code, (reply) => (reply.matches as string[])?.includes(match));

  async function print(name: string, code: string, printed: number) {
    const began = Date.now();
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
    if (!ended) failures.push(`${name}: idle was lost`);
    const mine = client.received.filter((m) => m.parent === id && (m.type === 'stream' || idle(m)));
    const text = mine.map((m) => (m.type === 'stream' ? m.content.text : '')).join('');
    const got = text.split('\n');
    let arrived = 0;
    for (const line of got) if (line === `line ${arrived}`) arrived++;
    lines[name] = {
      arrived: arrived === printed ? printed : got.filter((line) => /^line \d+$/.test(line)).length,
      printed,
    };
    note(name, Math.max(...mine.map((m) => m.at)) - began);
  }

  try {
    note('start to the first answer (kernel_info)', client.firstReply! - client.started);
    await cell('the first cell', '1 + 1');
    note('start to the first cell done', sinceStart());
    if (prelude) await cell('import of tf', prelude);
    if (knows.tf) {
      const sum = 'tf.tensor1d([1, 2, 3]).sum().dataSync()[0]';
      await cell('the first cell with tf', sum);
      note('start to the first tf cell done', sinceStart());
      for (let i = 0; i < REQUESTS; i++) await cell('cell with tf', sum);
    }
    for (let i = 0; i < CELLS; i++) await cell('trivial cell (1 + 1)', '1 + 1');
    await complete('a global (con)', 'con', 'console');
    await ask('inspection: console.log', 'inspect_request', 'console.log', (reply) => reply.found === true);
    if (knows.tf) {
      await complete('a member (tf.)', 'tf.', 'tensor2d');
      await ask('inspection: tf.tensor2d', 'inspect_request', 'tf.tensor2d', (reply) => reply.found === true);
    }
    if (knows.detlab) {
      await cell('a recipe', "const base = detector('faster-rcnn_r18_fpn_toytown');");
      await complete('a config type', "base.neck({ type: '", 'PAFPN');
      await complete('an option key', "base.neck({ type: 'FPN', ", 'num_outs');
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
