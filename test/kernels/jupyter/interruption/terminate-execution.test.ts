// Terminated code that leaves an async context entered: Node would abort the process when it returns to the event loop.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../../src/paths';

/** Terminates `start(end)` a hundred times, each time in a context that a call after the request has entered. */
const script = (start: string) => `
  const { AsyncLocalStorage } = require('node:async_hooks');
  const dist = ${JSON.stringify(join(packageRoot, 'dist', 'kernels', 'jupyter'))};
  const { allowTermination, terminate } = require(dist + '/interruption/terminate-execution.js');
  const { cells } = require(dist + '/session/cell.js');
  allowTermination(() => true);
  const { pushAsyncContext, async_hook_fields, constants } = process.binding('async_wrap');
  const state = () => [constants.kTotals, constants.kCheck].map((i) => async_hook_fields[i]);
  cells.run({}, () => {});
  const before = state();
  let rounds = 0;
  let passed = 0; // code after the termination that runs on
  const end = () => {
    terminate();
    pushAsyncContext(1000 + rounds, 1, {}); // as Node does before it calls the next timer
    for (;;);
    passed++;
  };
  const round = () => {
    if (rounds++ < 100) {
      setTimeout(round, 6);
      cells.run({ rounds }, () => (${start})(end));
    } else {
      const depth = async_hook_fields[constants.kStackLength];
      console.log(JSON.stringify({ passed, depth, before, after: state(), store: cells.getStore() ?? null }));
    }
  };
  round();
`;

async function run(start: string, ...options: string[]): Promise<unknown> {
  const args = ['--disable-warning=DEP0111', ...options, '-e', script(start)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
  return JSON.parse(stdout);
}

describe('terminate', () => {
  it.each([
    ['a timer', '(end) => setTimeout(end, 1)'],
    ['a promise of a timer', '(end) => setTimeout(async () => { await 1; end(); }, 1)'],
    ['process.nextTick', '(end) => setTimeout(() => process.nextTick(end), 1)'],
    ['an I/O callback', "(end) => require('node:fs').stat('.', end)"],
  ])('ends code in %s a hundred times, and Node checks its contexts as before', async (_, start) => {
    // The last round is in two contexts, of all timers and of its timer: none of the terminated ones is left.
    const expected = { passed: 0, depth: 2, before: [1, 2], after: [1, 2], store: null };
    expect(await run(start)).toEqual(expected);
  });

  it('works with --no-deprecation, which makes process.noDeprecation read-only', async () => {
    expect(await run('(end) => setTimeout(end, 1)', '--no-deprecation')).toMatchObject({ passed: 0 });
  });
});
