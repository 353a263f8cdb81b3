// Runs programs for the scripts.

import { spawn } from 'node:child_process';
import { printLine } from '../terminal.mjs';
import { root } from './paths.mjs';

/**
 * Runs a program to its end. Resolves to `{ code, output }`; code 127 when there is no such program.
 *
 * @param options.show print its output as it arrives (it is collected in any case)
 * @param options.hide lines not to print
 */
export function run(program, args, { show = false, hide = /^$/, env = process.env, cwd = root } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (stream, target) => {
      let rest = '';
      stream.setEncoding('utf8').on('data', (chunk) => {
        output = (output + chunk).slice(-200_000);
        const lines = (rest + chunk).split('\n');
        rest = lines.pop();
        if (show) for (const line of lines) if (!hide.test(line)) printLine(line, target);
      });
      stream.on('end', () => show && rest && printLine(rest, target));
    };
    collect(child.stdout, process.stdout);
    collect(child.stderr, process.stderr);
    child.on('error', (error) => resolve({ code: error.code === 'ENOENT' ? 127 : 126, output: error.message }));
    child.on('close', (code, signal) => resolve({ code: signal ? 1 : code, output }));
  });
}

/** The last non-empty line: usually the reason why a program failed. */
export const lastLine = (output) => output.trimEnd().split('\n').pop()?.trim() ?? '';
