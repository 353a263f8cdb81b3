// Runs a notebook in this process, without Jupyter: `node run-notebook.js NOTEBOOK EXECUTED.ipynb EXECUTED.html`. Says what
// happens as JSON lines on stdout, like scripts/run_notebook.py.

import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CELL_GLOBALS } from './cell-globals';
import { startCompiler } from './compiler/client';
import { type Cell, collectOutputs, type Notebook } from './notebook-outputs';
import { notebookPage } from './notebook-page';
import { createPreload, PRELOADED } from './preload';
import { createSession } from './session';
import { captureStreams } from './streams';
import { type Request, sharedSlots } from './threads';

const say = (event: string, more: object) => writeSync(1, `${JSON.stringify({ event, ...more })}\n`);

async function main(source: string, executed: string, html: string): Promise<number> {
  const notebook = JSON.parse(readFileSync(source, 'utf8')) as Notebook;
  process.chdir(dirname(resolve(source)));
  const code = notebook.cells.filter((cell) => cell.cell_type === 'code');
  for (const cell of code) Object.assign(cell, { outputs: [], execution_count: null });

  const collector = collectOutputs((cell, text) => say('progress', { cell: notebook.cells.indexOf(cell), text }));
  const compiler = startCompiler(process.cwd(), {
    preloaded: PRELOADED,
    globals: CELL_GLOBALS,
    onProblem: (problem) => process.stderr.write(`${problem}\n`),
  });
  const preload = createPreload();
  const session = createSession({
    directory: process.cwd(),
    outlet: collector.outlet,
    shared: sharedSlots(),
    compiler,
    preload,
  });
  captureStreams(collector.outlet, session.currentRequest);
  process.on('SIGINT', () => session.interrupt());
  if (preload.problem) process.stderr.write(`${preload.problem}\n`);

  const run = (cell: Cell, seq: number) => {
    const header = {
      msg_id: String(seq),
      msg_type: 'execute_request',
      session: '',
      username: '',
      date: '',
      version: '',
    };
    const request: Request = { seq, channel: 'shell', header, content: { code: [cell.source].flat().join('') } };
    const done = collector.expect(request, cell);
    session.handle(request);
    return done;
  };
  let failed = false;
  for (const [i, cell] of code.entries()) {
    const index = notebook.cells.indexOf(cell);
    const text = [cell.source].flat().join('');
    if (!text.trim()) continue;
    say('start', { cell: index, of: notebook.cells.length, source: text });
    const { status, ename, evalue, traceback } = await run(cell, i + 1);
    failed = status !== 'ok' && !cell.metadata?.tags?.includes('raises-exception');
    say(failed ? 'error' : 'done', { cell: index, ...(failed ? { ename, evalue, traceback } : {}) });
    if (failed) break;
  }
  session.flush();
  writeFileSync(executed, `${JSON.stringify(notebook, null, 1)}\n`);
  writeFileSync(html, notebookPage(notebook));
  return failed ? 1 : 0;
}

if (require.main === module) {
  const files = process.argv.slice(2, 5).map((file) => resolve(file)) as [string, string, string];
  main(...files).then(
    (code) => process.exit(code),
    (error) => {
      writeSync(2, `${error.stack}\n`);
      process.exit(1);
    },
  );
}
