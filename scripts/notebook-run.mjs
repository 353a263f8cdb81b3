// Runs a notebook headless, reporting the progress of its cells on the terminal: on the kernel through Jupyter if there is
// a .venv, else in a separate Node process.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { imageAnnouncer } from './cell-images.mjs';
import { root, venvBin, venvPython } from './setup/paths.mjs';
import { printLine, withStatus } from './terminal.mjs';

/** The most significant line of a cell: the last with an await, else the last. */
function summaryLine(source) {
  const lines = source.split('\n').filter((line) => !/^\s*(\/\/|[\s)}\];]*$)/.test(line));
  return (lines.findLast((line) => /\bawait\b/.test(line)) ?? lines.at(-1) ?? '').trim().slice(0, 90);
}

/** Handles the events of a run; `describe` is the status in between. */
function createReporter() {
  const announce = imageAnnouncer();
  const terminal = process.stdout.isTTY === true;
  let started = Date.now();
  let position = '';
  let summary = 'starting the kernel';
  let last = '';
  const seconds = () => ((Date.now() - started) / 1000).toFixed(1);
  return {
    describe: () => [position, `${seconds()} s:`, last || summary].filter(Boolean).join(' '),
    start({ cell, of, source }) {
      started = Date.now();
      last = '';
      position = `[${cell + 1}/${of}]`;
      summary = summaryLine(source);
      if (!terminal) printLine(`${position} ${summary}`);
    },
    progress({ text }) {
      const lines = [text].flat().join('').trimEnd().split('\n');
      if (lines.length === 1 || !last) last = lines.at(-1); // of several lines are charts and tables
    },
    image: (event) => announce({ ...event, position }),
    done() {
      printLine(`${position} ${terminal ? `${summary} (${seconds()} s)` : `done in ${seconds()} s`}`);
      started = Date.now();
      last = '';
      summary = 'going on';
    },
    page() {
      started = Date.now();
      position = '';
      summary = 'writing the notebook and its web page';
    },
    error({ cell, ename, evalue, traceback }) {
      printLine(`${cell < 0 ? 'The kernel' : `Cell ${cell + 1}`} failed: ${ename}: ${evalue}`);
      for (const line of traceback) printLine(`    ${line}`);
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
  const code = await withStatus(reporter.describe, async (showStatus) => {
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.startsWith('{')) continue;
      const { event, ...more } = JSON.parse(line);
      if (event === 'error') failed = true;
      await reporter[event]?.(more);
      showStatus();
    }
    return child.exitCode ?? (await new Promise((resolve) => child.once('close', resolve)));
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.removeListener(signal, stop);
  if (stopped) throw new Error('the notebook was interrupted');
  if (code !== 0 && !failed) console.log(errors.trimEnd());
  return code === 0;
}
