// `npm start`: sets up what is missing, then runs the tour headless on the DetLab kernel: its images are in runs/tour/ as soon as
// they are shown, the executed notebook and its HTML at the end, when the AP tables are printed.
// `npm start -- notebooks/other.ipynb` runs another notebook.

import { mkdirSync, readFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { runNotebook } from './notebook-run.mjs';
import { root } from './setup/paths.mjs';
import { log, main, setup } from './setup.mjs';

/** The AP tables among a notebook's outputs, as text. */
function apTables(path) {
  const { cells } = JSON.parse(readFileSync(path, 'utf8'));
  return cells
    .flatMap((cell) => cell.outputs ?? [])
    .filter((output) => output.output_type === 'execute_result' && output.data['text/html'])
    .map((output) => [output.data['text/plain'] ?? ''].flat().join(''))
    .filter((text) => /\bAP(50|_50|@)/.test(text) && /\d\.\d/.test(text));
}

await main(async () => {
  const setupStarted = Date.now();
  const { jupyter, torch } = await setup();
  if (!jupyter) log('without Jupyter the notebook runs in a plain Node process');
  if (!torch) log('on the wasm engine the tour takes much longer than a minute');
  const started = Date.now();
  const notebook = resolve(process.argv[2] ?? join(root, 'notebooks', '01-tour.ipynb'));
  const name = basename(notebook, '.ipynb');
  const folder = join(root, 'runs', name === '01-tour' ? 'tour' : name);
  mkdirSync(folder, { recursive: true });
  const executed = join(folder, `${name}.ipynb`);
  const html = join(folder, `${name}.html`);
  console.log(`Running ${relative(root, notebook)} on the DetLab kernel`);
  const ok = await runNotebook({ notebook, executed, html, jupyter });
  if (ok) for (const table of apTables(executed)) console.log(`\n${table}`);
  const seconds = (from) => `${((Date.now() - from) / 1000).toFixed(0)} s`;
  console.log(
    `\n${ok ? 'Done' : 'Failed'} in ${seconds(started)} (set-up before it: ${((started - setupStarted) / 1000).toFixed(0)} s)`,
  );
  console.log(`Executed notebook: ${relative(process.cwd(), executed)}`);
  console.log(`As a web page:     ${relative(process.cwd(), html)}`);
  if (ok && jupyter) console.log('Try it yourself:   npm run lab');
  return ok ? 0 : 1;
});
