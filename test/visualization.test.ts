// Class names, file names and error texts come from data. Whatever they are, no producer of HTML may let them become markup,
// and what it makes must survive the sanitizers of front ends: plain tags, inline styles at most.

import { expect, test } from 'vitest';
import { z } from 'zod';
import { tableShown } from '../kernels/jupyter/display/table';
import { tensorShown } from '../kernels/jupyter/display/tensor';
import { markdownToHtml, notebookPage } from '../kernels/jupyter/headless/notebook-page';
import { describe as describeModule } from '../src/catalogue/describe';
import { defineModule, Registry } from '../src/catalogue/registry';
import type { Dataset } from '../src/data';
import { LabDataset } from '../src/lab/lab-dataset';
import { Report } from '../src/lab/report';
import { SummaryDisplay } from '../src/lab/summary';
import { apTable } from '../src/visualization/ap-table';
import { renderSvg } from '../src/visualization/chart';
import { panelsSpec } from '../src/visualization/chart-panel';
import { comparisonBundles, comparisonSpec } from '../src/visualization/comparison';
import type { MimeBundle } from '../src/visualization/display';
import { type LiveImage, LiveImages } from '../src/visualization/live-images';
import { liveLossChart, lossChart, lossPanels } from '../src/visualization/loss-chart';
import { progressBundle } from '../src/visualization/progress';
import { tablesBundle } from '../src/visualization/table';

const EVIL = '<img src=x onerror=alert(1)>';
/** Would end an attribute or a string of a chart's expression. */
const QUOTES = `"' onmouseover="alert(1)" '"`;
const SHOW = Symbol.for('Jupyter.display');
const shown = (value: object) => (value as Record<symbol, () => MimeBundle | Promise<MimeBundle>>)[SHOW]();

const metrics = { AP: 0.5, AP50: 0.8, AP75: 0.6 };
const report = {
  metric: 'CocoMetric',
  metrics,
  perClass: [
    { class: EVIL, truths: 1, metrics },
    { class: QUOTES, truths: 1, metrics },
  ],
  images: 1,
  truths: 2,
  detections: 3,
  problems: [{ message: `${EVIL}.jpg ${QUOTES}: cannot be read` }],
} as unknown as ConstructorParameters<typeof Report>[0];
const curves = {
  unit: 'epoch' as const,
  steps: [0.5, 1].map((at) => ({ at, lr: 0.01, losses: { loss: 1, [EVIL]: 1, [QUOTES]: 2 } })),
  evaluations: [1].map((at) => ({ at, metrics: { [EVIL]: 0.5, [QUOTES]: 0.3 } })),
};
const contestants = [EVIL, QUOTES].map((name) => ({
  name,
  report,
  evaluations: [{ at: 1, metrics }],
  parameters: 5,
}));
const truths = { bboxes: new Float32Array([0, 0, 5, 5]), labels: new Int32Array([0]), ignored: new Uint8Array(1) };
const part = {
  name: EVIL,
  classes: [EVIL, QUOTES],
  records: [{ id: 1, path: `/${EVIL}/${QUOTES}.png`, width: 9, height: 9, truths }],
  problems: [{ message: `${EVIL}.jpg: ${QUOTES}` }],
} as unknown as Dataset;

const live: LiveImage = {
  source: EVIL,
  caption: QUOTES,
  pixels: { data: new Uint8Array(9 * 9 * 3), width: 9, height: 9, order: 'rgb' },
  width: 9,
  height: 9,
  boxes: [0, 1].map((label) => ({ bbox: [0, 0, 5, 5], label, score: 0.5, met: EVIL })),
  values: { [EVIL]: 1 },
};

const registry = new Registry([
  defineModule({
    kind: 'neck',
    type: EVIL,
    summary: EVIL,
    paper: QUOTES,
    shapes: EVIL,
    example: EVIL,
    inferred: {},
    options: z.strictObject({
      mode: z.enum([EVIL, QUOTES]).default(EVIL).describe(EVIL),
      deep: z.number().optional().describe(QUOTES),
    }),
    build: () => undefined as never,
  }),
] as never);

const stage = { path: EVIL, type: QUOTES, outputs: [], strides: [], parameters: 1, trainable: 1 };
const producers: Record<string, () => MimeBundle | Promise<MimeBundle>> = {
  'AP table': () => tablesBundle(apTable(report, EVIL)),
  report: () => shown(new Report(report, EVIL, 1)),
  comparison: async () => (await comparisonBundles(contestants)).table,
  summary: () =>
    shown(
      new SummaryDisplay({
        name: EVIL,
        input: [1, 1],
        stages: [stage],
        parameters: 1,
        trainable: 1,
        notes: [EVIL],
        state: [],
      }),
    ),
  progress: () => progressBundle({ label: EVIL, done: 1, total: 2, details: [EVIL, QUOTES] }),
  'data set': () => shown(new LabDataset(QUOTES, part, part)),
  'live images': () => shown(new LiveImages([live], { classes: [EVIL, QUOTES], threshold: 0, title: EVIL })),
  describe: () => shown(describeModule(`neck/${EVIL}`, registry)),
  'table of objects': () => tableShown([{ [EVIL]: EVIL, [QUOTES]: QUOTES, nested: { [EVIL]: EVIL } }])!.data,
  'table of a map': () => tableShown(new Map([[EVIL, { a: QUOTES }]]))!.data,
  variable: () =>
    tensorShown({
      dataId: {},
      dtype: 'string',
      shape: [1, 2],
      size: 2,
      isDisposed: false,
      name: EVIL,
      trainable: true,
      dataSync: () => [EVIL, QUOTES],
    } as never).data,
};

/** The tags and attributes of GitHub's sanitizer, as its markup repository lists them; scripts, classes and ids are not. */
const GITHUB_TAGS = new Set(
  'h1 h2 h3 h4 h5 h6 br b i strong em a pre code img tt div ins del sup sub p picture ol ul table thead tbody tfoot blockquote dl dt dd kbd q samp var hr ruby rt rp li tr td th s strike summary details caption figure figcaption abbr bdo cite dfn mark small span'.split(
    ' ',
  ),
);
const GITHUB_ATTRIBUTES = new Set(
  'align alt border colspan rowspan height width title src href start span valign'.split(' '),
);
const TAG = /<(\/?)([a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"<>]*")?)*)\s*>/g;

/** What sanitizers leave of the scripts of interactive displays: nothing. Their code holds no other text of ours. */
const withoutScripts = (html: string) =>
  html.replace(/<script(?: type="application\/json")?>[^<]*(?:<(?!\/)[^<]*)*<\/script>/g, '');

/** Tags and attributes that would not survive, besides `style` and `class`, which may go: nothing without scripts relies on them. */
function foreign(html: string): string[] {
  const found: string[] = [];
  const rest = withoutScripts(html).replace(TAG, (whole, _close, tag: string, attributes: string) => {
    if (!GITHUB_TAGS.has(tag)) found.push(whole);
    for (const [, name] of attributes.matchAll(/\s([a-z-]+)(?:="[^"]*")?/g))
      if (name !== 'style' && !(tag === 'div' && name === 'class') && !GITHUB_ATTRIBUTES.has(name))
        found.push(`${tag} ${name}`);
    if (/url\(|expression|position:/.test(attributes)) found.push(attributes);
    if (
      tag === 'img' &&
      !/ src="data:image\/(?:(?:png|gif);base64,[\w+/=]+|svg\+xml,[\w%.!~*'()+/=:;,-]+)"/.test(attributes)
    )
      found.push(whole);
    return '';
  });
  // what is no tag of ours must hold no bracket at all
  if (/[<>]/.test(rest)) found.push(rest.slice(Math.max(0, rest.search(/[<>]/) - 40)).slice(0, 120));
  return found;
}

test('the check itself sees what must not be', () => {
  expect(foreign(EVIL)).not.toEqual([]);
  expect(foreign('<td class="x">')).toEqual(['td class']);
  expect(foreign('<td title="" onmouseover="alert(1)">')).toEqual(['td onmouseover']);
  expect(foreign('<style>b{}</style>')).toHaveLength(2);
  expect(foreign('<p style="margin:0">a &lt; b</p>')).toEqual([]);
});

test.each(Object.keys(producers))('%s: names stay text, and the HTML survives sanitizers', async (name) => {
  const bundle = await producers[name]();
  const html = String(bundle['text/html']);
  expect(foreign(html)).toEqual([]);
  expect(html).toMatch(/&lt;img src=x onerror=alert\(1\)&gt;/);
  expect(String(bundle['text/markdown'] ?? '').replace(/`[^`]*`|```[\s\S]*?```/g, '')).not.toMatch(/<img/);
  expect(bundle['text/plain']).toContain(EVIL);
});

test.each([
  ['loss chart', () => panelsSpec(lossPanels(curves, { title: EVIL }))],
  ['comparison', () => comparisonSpec(contestants)],
])('%s: names are drawn as text, and stand in no expression', async (_name, spec) => {
  const drawn = await renderSvg(spec());
  // inside of attribute values, quotes are entities
  expect(drawn.replace(/="[^"]*"/g, '')).not.toMatch(/<img|<[^>]*\sonmouseover/);
  expect(drawn).toContain('&lt;img src=x onerror=alert(1)&gt;');
  const expressions: string[] = [];
  JSON.stringify(spec(), (key, value) => {
    if (/^(?:test|expr|calculate|filter|labelExpr|signal|format|href|url)$/.test(key)) expressions.push(String(value));
    return value;
  });
  expect(expressions.filter((text) => text.includes('<img') || text.includes('onmouseover'))).toEqual([]);
});

test('a chart is a PNG where scripts are removed, and its names stay text where they run', async () => {
  const bundle = await lossChart(curves, { title: EVIL });
  expect(Object.keys(bundle)).toEqual(['text/html', 'text/plain']);
  const html = String(bundle['text/html']);
  const [, still] = /^<div class="detlab">([\s\S]*?)\n<script/.exec(html)!;
  expect(foreign(still)).toEqual([]);
  const [, json] = /<script type="application\/json">(.*)<\/script>/.exec(html)!;
  for (const drawn of [JSON.parse(json).html, liveLossChart(curves, { title: EVIL })['text/html']]) {
    // inside of attribute values, quotes are entities
    expect(drawn.replace(/="[^"]*"/g, '')).not.toMatch(/<img|<[^>]*\sonmouseover/);
    expect(drawn).toContain('&lt;img src=x onerror=alert(1)&gt;');
  }
});

test('the page of a notebook keeps sources, streams, errors and images what they are', () => {
  const output = (given: object) => ({ output_type: 'display_data', ...given });
  const page = notebookPage({
    cells: [
      {
        cell_type: 'markdown',
        source: `# ${EVIL}\n\n${EVIL} [a](https://x/"onmouseover="alert) ![b](x)\n\n- ${EVIL}\n\n\`${EVIL}\``,
      },
      { cell_type: 'raw', source: EVIL },
      {
        cell_type: 'code',
        source: EVIL,
        outputs: [
          output({ output_type: 'stream', name: `"${EVIL}`, text: EVIL }),
          output({ output_type: 'error', traceback: [EVIL] }),
          output({ data: { 'text/plain': EVIL } }),
          output({ data: { 'image/png': `">${EVIL}` }, metadata: { 'image/png': { width: `">${EVIL}` } } }),
        ],
      },
    ],
  });
  expect(page).not.toMatch(/<img src=x|<[^>]*\sonmouseover/);
  expect(page.match(/&lt;img src=x onerror=alert\(1\)&gt;/g)!.length).toBeGreaterThanOrEqual(10);
  expect(markdownToHtml(EVIL)).not.toContain('<img');
});
