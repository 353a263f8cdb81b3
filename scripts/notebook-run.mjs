// Runs a notebook headless and tells on the terminal which cell runs: on the kernel through Jupyter where .venv is there,
// else inside a Node process of its own.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root, venvBin, venvPython } from './setup/paths.mjs';

const QUIET_MS = 10_000;

/** The line of a cell that says most: its last that awaits something, else its last. */
function gist(source) {
  const lines = source.split('\n').filter((line) => !/^\s*(\/\/|[\s)}\];]*$)/.test(line));
  return (lines.findLast((line) => /\bawait\b/.test(line)) ?? lines.at(-1) ?? '').trim().slice(0, 90);
}

function createTeller() {
  const terminal = process.stdout.isTTY;
  let began = 0;
  let shown = 0;
  const seconds = () => ((Date.now() - began) / 1000).toFixed(1);
  const status = (text) => {
    if (terminal) process.stdout.write(`\r\x1b[K${text.slice(0, process.stdout.columns - 1)}`);
    else if (Date.now() - shown > QUIET_MS) console.log(text);
    else return;
    shown = Date.now();
  };
  const stay = (text) => console.log(terminal ? `\r\x1b[K${text}` : text);
  return {
    start({ cell, of, source }) {
      began = shown = Date.now();
      if (terminal) status(`[${cell + 1}/${of}] ${gist(source)}`);
      else console.log(`[${cell + 1}/${of}] ${gist(source)}`);
      this.head = `[${cell + 1}/${of}]`;
      this.gist = gist(source);
    },
    progress({ text }) {
      const last = String(Array.isArray(text) ? text.join('') : text)
        .trimEnd()
        .split('\n')
        .pop();
      status(`${this.head} ${seconds()} s: ${last}`);
    },
    done() {
      stay(terminal ? `${this.head} ${this.gist} (${seconds()} s)` : `${this.head} done in ${seconds()} s`);
    },
    error({ cell, ename, evalue, traceback }) {
      stay(`${cell < 0 ? 'The kernel' : `Cell ${cell + 1}`} failed: ${ename}: ${evalue}`);
      for (const line of traceback) console.log(`    ${line}`);
    },
  };
}

/** Resolves to whether every cell ran. */
export async function runNotebook({ notebook, executed, html, jupyter }) {
  const [program, script] = jupyter
    ? [venvPython, join(root, 'scripts', 'run_notebook.py')]
    : [process.execPath, join(root, 'dist', 'kernels', 'jupyter', 'run-notebook.js')];
  const env = { ...process.env, PATH: `${venvBin}:${process.env.PATH}`, PYDEVD_DISABLE_FILE_VALIDATION: '1' };
  const child = spawn(program, [script, notebook, executed, html], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    errors = (errors + chunk).slice(-5_000);
  });
  // Ctrl-C reaches the child too, which ends its kernel; a plain kill does not.
  let stopped = false;
  const stop = (signal) => {
    stopped = true;
    if (signal === 'SIGTERM') child.kill('SIGTERM');
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop);
  const teller = createTeller();
  let failed = false;
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{')) continue;
    const { event, ...more } = JSON.parse(line);
    if (event === 'error') failed = true;
    teller[event]?.(more);
  }
  const code = child.exitCode ?? (await new Promise((resolve) => child.once('close', resolve)));
  for (const signal of ['SIGINT', 'SIGTERM']) process.removeListener(signal, stop);
  if (stopped) throw new Error('the notebook was stopped from outside');
  if (code !== 0 && !failed) console.log(errors.trimEnd());
  return code === 0;
}
