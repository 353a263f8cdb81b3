// Runs a notebook in this process, without Jupyter: `node run-notebook.js NOTEBOOK EXECUTED.ipynb EXECUTED.html`. Says what
// happens as JSON lines on stdout, like scripts/run_notebook.py.

import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { startCompiler } from './compiler/client';
import { notebookPage } from './headless/notebook-page';
import { type Cell, collectOutputs, type Notebook } from './headless/output-collector';
import { type Request, sharedSlots } from './protocol/thread-messages';
import { CELL_GLOBALS } from './session/cell-globals';
import { loadPrelude, PRELUDE_IMPORTS } from './session/prelude';
import { createSession } from './session/session';
import { captureStreams } from './session/streams';

const say = (event: string, more: object) => writeSync(1, `${JSON.stringify({ event, ...more })}\n`);

async function main(source: string, executed: string, html: string): Promise<number> {
  const notebook = JSON.parse(readFileSync(source, 'utf8')) as Notebook;
  process.chdir(dirname(resolve(source)));
  const code = notebook.cells.filter((cell) => cell.cell_type === 'code');
  for (const cell of code) Object.assign(cell, { outputs: [], execution_count: null });

  const collector = collectOutputs((cell, text) => say('progress', { cell: notebook.cells.indexOf(cell), text }));
  const compiler = startCompiler(process.cwd(), {
    preloaded: PRELUDE_IMPORTS,
    globals: CELL_GLOBALS,
    onProblem: (problem) => process.stderr.write(`${problem}\n`),
  });
  const preload = loadPrelude();
  const session = createSession({
    directory: process.cwd(),
    output: collector.output,
    shared: sharedSlots(),
    compiler,
    preload,
  });
  captureStreams(collector.output, session.currentRequest);
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
