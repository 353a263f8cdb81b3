// kill -9 at random moments, then resume: the numbers are those of a run that nobody killed.

import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Random } from '../../src/random';

const folder = mkdtempSync(join(tmpdir(), 'detlab-kill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the script in `workDir`. It is killed `delay` ms after its `lines`-th training log line. Returns its exit signal. */
async function run(workDir: string, kill?: { lines: number; delay: number }): Promise<NodeJS.Signals | null> {
  const preload = join(__dirname, '../typescript-require.cjs');
  const child: ChildProcess = spawn(process.execPath, ['-r', preload, join(__dirname, 'killed-run.ts'), workDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(`${workDir}.log`, { flags: 'a' });
  child.stderr!.pipe(log, { end: false });
  child.stdout!.pipe(log, { end: false });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
  let seen = 0;
  let text = '';
  child.stdout!.on('data', (chunk) => {
    text += chunk;
    const lines = text.split('Epoch(train)').length - 1;
    if (kill && seen < kill.lines && lines >= kill.lines) setTimeout(() => child.kill('SIGKILL'), kill.delay);
    seen = lines;
  });
  const signal = await ended;
  log.end();
  return signal;
}

const numbers = (workDir: string) => JSON.parse(readFileSync(join(workDir, 'numbers.json'), 'utf8'));

test('a run killed again and again ends with the numbers of an uninterrupted one', async () => {
  const whole = join(folder, 'whole');
  // both at once: each waits most of the time
  const undisturbed = run(whole);
  const killed = join(folder, 'killed');
  const random = Random.seeded(20);
  let kills = 0;
  for (let attempt = 0; attempt < 4; attempt++) {
    const at = { lines: 2 + random.integer(3), delay: random.uniform(0, 60) };
    if ((await run(killed, at)) === 'SIGKILL') kills++;
    if (existsSync(join(killed, 'numbers.json'))) break;
  }
  if (!existsSync(join(killed, 'numbers.json'))) await run(killed);
  expect(kills).toBeGreaterThan(1);
  expect(await undisturbed).toBe(null);
  expect(numbers(whole).evaluations).toHaveLength(6);
  expect(readFileSync(`${killed}.log`, 'utf8')).toMatch(/resumed from .*(epoch|iter)_\d+/);
  expect(numbers(killed)).toEqual(numbers(whole));
  const lines = (workDir: string) =>
    readFileSync(join(workDir, 'scalars.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l).step);
  expect(lines(killed)).toEqual(lines(whole));
});
