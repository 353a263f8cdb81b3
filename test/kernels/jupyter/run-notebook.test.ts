// A notebook, executed headless: through Jupyter where .venv is there, and inside a plain Node process. The notebooks run
// concurrently.

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../../src/paths';

const folder = mkdtempSync(join(tmpdir(), 'detlab-notebook-'));
/** One transparent pixel. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
const cell = (id: string, source: string, tags: string[] = []) => ({
  cell_type: 'code',
  id,
  metadata: { tags },
  execution_count: null,
  outputs: [],
  source,
});
const notebook = (cells: object[]) => ({
  cells,
  metadata: { kernelspec: { display_name: 'DetLab (TypeScript)', language: 'typescript', name: 'detlab' } },
  nbformat: 4,
  nbformat_minor: 5,
});
const GOOD = notebook([
  { cell_type: 'markdown', id: 'm', metadata: {}, source: '# A title\nand *text*' },
  cell(
    'a',
    "console.log('one'); console.log('two');\n({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': '<b>bold</b>', 'text/plain': 'bold' }) })",
  ),
  cell(
    'b',
    "const book = (globalThis as any)[Symbol.for('detlab.notebook')];\nfor (let i = 0; i < 30; i++) { book.display({ 'text/plain': 'step ' + i }, { id: 'bar' }); await new Promise((r) => setTimeout(r, 10)); }",
  ),
  cell('d', `({ [Symbol.for('Jupyter.display')]: () => ({ 'image/png': '${PIXEL}', 'text/plain': 'pixel' }) })`, [
    'draw',
  ]),
  cell('c', "const s = widgets.floatSlider({ value: 0.3, description: 'score <b>' }); s.value = 0.4; s"),
]);
const BAD = notebook([cell('a', 'const fine = 1;'), cell('b', "throw new TypeError('on purpose')"), cell('c', '3')]);

beforeAll(() => {
  writeFileSync(join(folder, 'good.ipynb'), JSON.stringify(GOOD));
  writeFileSync(join(folder, 'bad.ipynb'), JSON.stringify(BAD));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const python = join(packageRoot, '.venv', 'bin', 'python');
const RUNNERS: [string, string, string, boolean][] = [
  [
    'nbclient',
    python,
    join(packageRoot, 'scripts', 'run_notebook.py'),
    existsSync(join(packageRoot, '.venv', 'share', 'jupyter', 'kernels', 'detlab', 'kernel.json')),
  ],
  ['plain Node', process.execPath, join(packageRoot, 'dist', 'kernels', 'jupyter', 'run-notebook.js'), true],
];

describe.concurrent.each(RUNNERS)('%s', (runner, program, script, isInstalled) => {
  async function execute(name: string) {
    const executed = join(folder, `${runner}-${name}`);
    const files = [join(folder, `${name}.ipynb`), `${executed}.ipynb`, `${executed}.html`];
    const { status, stdout } = await new Promise<{ status: number | null; stdout: string }>((resolve) => {
      const child = execFile(program, [script, ...files], (_, stdout) => resolve({ status: child.exitCode, stdout }));
    });
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    return {
      status,
      events,
      cells: JSON.parse(readFileSync(files[1], 'utf8')).cells,
      html: readFileSync(files[2], 'utf8'),
    };
  }

  it.skipIf(!isInstalled)('executes, reports its progress, and leaves notebook and page', async () => {
    const { status, events, cells, html } = await execute('good');
    expect(status).toBe(0);
    expect(events.filter((e) => e.event !== 'progress').map((e) => [e.event, e.cell])).toEqual([
      ['start', 1],
      ['done', 1],
      ['start', 2],
      ['done', 2],
      ['start', 3],
      ['image', 3],
      ['done', 3],
      ['start', 4],
      ['done', 4],
      ['page', undefined],
    ]);
    const { file, tags } = events.find((e) => e.event === 'image');
    expect([file, tags]).toEqual([join(folder, 'cell-04.png'), ['draw']]);
    expect(readFileSync(file).toString('base64')).toBe(PIXEL);
    expect(events.some((e) => e.event === 'progress' && String(e.text).includes('step 29'))).toBe(true);
    const [stream, result] = cells[1].outputs;
    expect([stream.text].flat().join('')).toBe('one\ntwo\n');
    expect(result).toMatchObject({ output_type: 'execute_result', execution_count: 1 });
    expect(cells[2].outputs).toHaveLength(1);
    expect([cells[2].outputs[0].data['text/plain']].flat().join('')).toBe('step 29');
    expect(html).toContain('<b>bold</b>');
    // a widget as it was, without scripts
    expect(html).toMatch(/score &lt;b&gt;<\/span>.* 0\.4</);
    expect(html).toMatch(/<h1[^>]*>A title/);
  });

  it.skipIf(!isInstalled)('stops at a cell that fails, and reports which and why', async () => {
    const { status, events, cells } = await execute('bad');
    expect(status).toBe(1);
    expect(events.find((e) => e.event === 'error')).toMatchObject({
      cell: 1,
      ename: 'TypeError',
      evalue: 'on purpose',
    });
    expect(cells[1].outputs[0]).toMatchObject({ output_type: 'error', ename: 'TypeError' });
    expect(cells[2].outputs).toEqual([]);
  });
});
