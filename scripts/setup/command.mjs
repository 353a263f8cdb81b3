// Runs other programs for the scripts.

import { spawn } from 'node:child_process';
import { root } from './paths.mjs';

/**
 * Runs a program to its end. Resolves to `{ code, output }`; code 127 when there is no such program.
 *
 * @param options.show pass its output on to the terminal as it comes (it is collected either way)
 */
export function run(program, args, { show = false, env = process.env, cwd = root } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (stream, target) =>
      stream.on('data', (chunk) => {
        output = (output + chunk).slice(-200_000);
        if (show) target.write(chunk);
      });
    collect(child.stdout, process.stdout);
    collect(child.stderr, process.stderr);
    child.on('error', (error) => resolve({ code: error.code === 'ENOENT' ? 127 : 126, output: error.message }));
    child.on('close', (code, signal) => resolve({ code: signal ? 1 : code, output }));
  });
}

/** The last line with any text: what a failed program says last is most often why it failed. */
export const lastLine = (output) => output.trimEnd().split('\n').pop()?.trim() ?? '';
