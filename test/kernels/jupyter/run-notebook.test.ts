// A notebook, executed headless: through Jupyter where .venv is there, and inside a plain Node process.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { markdownToHtml } from '../../../kernels/jupyter/headless/notebook-page';
import { packageRoot } from '../../../src/paths';

const folder = mkdtempSync(join(tmpdir(), 'detlab-notebook-'));
const cell = (id: string, source: string) => ({
  cell_type: 'code',
  id,
  metadata: {},
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

describe.each(RUNNERS)('%s', (_, program, script, there) => {
  function execute(name: string) {
    const files = [join(folder, `${name}.ipynb`), join(folder, `${name}-done.ipynb`), join(folder, `${name}.html`)];
    const { status, stdout, stderr } = spawnSync(program, [script, ...files], { encoding: 'utf8' });
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    return {
      status,
      stderr,
      events,
      cells: JSON.parse(readFileSync(files[1], 'utf8')).cells,
      html: readFileSync(files[2], 'utf8'),
    };
  }

  it.skipIf(!there)('executes, says how it goes, and leaves notebook and page', () => {
    const { status, events, cells, html } = execute('good');
    expect(status).toBe(0);
    expect(events.filter((e) => e.event !== 'progress').map((e) => [e.event, e.cell])).toEqual([
      ['start', 1],
      ['done', 1],
      ['start', 2],
      ['done', 2],
    ]);
    expect(events.some((e) => e.event === 'progress' && String(e.text).includes('step 29'))).toBe(true);
    const [stream, result] = cells[1].outputs;
    expect([stream.text].flat().join('')).toBe('one\ntwo\n');
    expect(result).toMatchObject({ output_type: 'execute_result', execution_count: 1 });
    expect(cells[2].outputs).toHaveLength(1);
    expect([cells[2].outputs[0].data['text/plain']].flat().join('')).toBe('step 29');
    expect(html).toContain('<b>bold</b>');
    expect(html).toMatch(/<h1[^>]*>A title/);
  });

  it.skipIf(!there)('stops at a cell that fails, and says which and why', () => {
    const { status, events, cells } = execute('bad');
    expect(status).toBe(1);
    expect(events.at(-1)).toMatchObject({ event: 'error', cell: 1, ename: 'TypeError', evalue: 'on purpose' });
    expect(cells[1].outputs[0]).toMatchObject({ output_type: 'error', ename: 'TypeError' });
    expect(cells[2].outputs).toEqual([]);
  });
});

describe('Markdown of the page', () => {
  it('knows headings, lists, code, emphasis and links, and no HTML', () => {
    const html = markdownToHtml(
      '## Head `x`\ntext with **bold**, _it_ and [a link](https://example.org/a)\n\n- one\n- two\n\n```ts\na < b\n\nc\n```\n<img src=x onerror=alert(1)>',
    );
    expect(html).toContain('<h2>Head <code>x</code></h2>');
    expect(html).toContain('<strong>bold</strong>, <em>it</em> and <a href="https://example.org/a">a link</a>');
    expect(html).toContain('<ul><li>one</li><li>two</li></ul>');
    expect(html).toContain('<pre>a &lt; b\n\nc</pre>');
    expect(html).not.toContain('<img');
  });
});
