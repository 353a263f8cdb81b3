// Runs a notebook headless, reporting the progress of its cells on the terminal: on the kernel through Jupyter if there is
// a .venv, else in a separate Node process.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root, venvBin, venvPython } from './setup/paths.mjs';

const QUIET_MS = 10_000;

/** The most significant line of a cell: the last with an await, else the last. */
function summaryLine(source) {
  const lines = source.split('\n').filter((line) => !/^\s*(\/\/|[\s)}\];]*$)/.test(line));
  return (lines.findLast((line) => /\bawait\b/.test(line)) ?? lines.at(-1) ?? '').trim().slice(0, 90);
}

function createReporter() {
  const terminal = process.stdout.isTTY;
  let started = 0;
  let shown = 0;
  const seconds = () => ((Date.now() - started) / 1000).toFixed(1);
  const status = (text) => {
    if (terminal) process.stdout.write(`\r\x1b[K${text.slice(0, process.stdout.columns - 1)}`);
    else if (Date.now() - shown > QUIET_MS) console.log(text);
    else return;
    shown = Date.now();
  };
  const printLine = (text) => console.log(terminal ? `\r\x1b[K${text}` : text);
  return {
    start({ cell, of, source }) {
      started = shown = Date.now();
      this.position = `[${cell + 1}/${of}]`;
      this.summary = summaryLine(source);
      if (terminal) status(`${this.position} ${this.summary}`);
      else console.log(`${this.position} ${this.summary}`);
    },
    progress({ text }) {
      const last = String(Array.isArray(text) ? text.join('') : text)
        .trimEnd()
        .split('\n')
        .pop();
      status(`${this.position} ${seconds()} s: ${last}`);
    },
    done() {
      const text = terminal ? `${this.summary} (${seconds()} s)` : `done in ${seconds()} s`;
      printLine(`${this.position} ${text}`);
    },
    error({ cell, ename, evalue, traceback }) {
      printLine(`${cell < 0 ? 'The kernel' : `Cell ${cell + 1}`} failed: ${ename}: ${evalue}`);
      for (const line of traceback) console.log(`    ${line}`);
    },
  };
}

/** Resolves to true if every cell ran without an error. */
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
  // Ctrl-C also reaches the child, which then stops its kernel; SIGTERM does not.
  let stopped = false;
  const stop = (signal) => {
    stopped = true;
    if (signal === 'SIGTERM') child.kill('SIGTERM');
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop);
  const reporter = createReporter();
  let failed = false;
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{')) continue;
    const { event, ...more } = JSON.parse(line);
    if (event === 'error') failed = true;
    reporter[event]?.(more);
  }
  const code = child.exitCode ?? (await new Promise((resolve) => child.once('close', resolve)));
  for (const signal of ['SIGINT', 'SIGTERM']) process.removeListener(signal, stop);
  if (stopped) throw new Error('the notebook was interrupted');
  if (code !== 0 && !failed) console.log(errors.trimEnd());
  return code === 0;
}
