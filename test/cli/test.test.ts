// `detlab test`: with the config of the weights, metrics by --eval, its detections as COCO results and drawn.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { LabDataset } from '../../src';
import { scenes, small } from '../lab/small';
import { detlab } from './detlab';

const root = mkdtempSync(join(tmpdir(), 'detlab-cli-test-'));
let weights: string;
let town: LabDataset;
const data = ['--data', 'toytown:images=15,seed=3,width=96,height=64'];

beforeAll(async () => {
  town = await scenes(join(root, 'town'));
  const model = await small().classes(town.classes).build({ seed: 4 });
  weights = model.save(join(root, 'model.safetensors'));
  model.dispose();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('the results are written, drawn, and evaluate to the same numbers', async () => {
  const [file, drawn] = [join(root, 'results.json'), join(root, 'drawn')];
  const { code, lines } = await detlab(
    'test',
    weights,
    ...data,
    '--eval',
    'bbox',
    '--out',
    file,
    '--show-dir',
    drawn,
    '--json',
  );
  expect(code).toBe(0);
  const [report, ...saved] = lines();
  expect(saved.map((line) => line.file)).toEqual([file, drawn]);
  expect(readdirSync(drawn)).toHaveLength(report.images);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toHaveLength(report.detections);
  expect((await town.evaluate(file)).metrics).toEqual(report.metrics);
});

test('several metrics, as MMDetection 2.x takes them', async () => {
  const { code, lines } = await detlab('test', weights, ...data, '--eval', 'bbox', 'proposal_fast', '--json');
  expect(code).toBe(0);
  expect(Object.keys(lines()[0].metrics)).toEqual(expect.arrayContaining(['AP', 'proposal_fast_AR@100']));
});

test('slices and corruptions, in the report and in --json', async () => {
  const given = ['--slices', 'size', '--slices', 'objects', '--corruptions', 'contrast,fog', '--severities', '1,5'];
  const { code, lines } = await detlab('test', weights, ...data, ...given, '--json');
  expect(code).toBe(0);
  const [{ corrupted, metrics, mPC, rPC, slices }] = lines();
  expect(slices.map(({ name }: { name: string }) => name)).toEqual(
    expect.arrayContaining(['all', 'size small', 'objects < 6']),
  );
  expect(slices[0].metrics.AP).toBe(metrics.AP);
  const runs = corrupted as { corruption: string; severity: number; metrics: { AP: number } }[];
  expect(runs.map(({ corruption, severity }) => `${corruption} ${severity}`)).toEqual([
    ...['contrast 1', 'contrast 5', 'fog 1', 'fog 5'],
  ]);
  expect(mPC.AP).toBeCloseTo(runs.reduce((sum, run) => sum + run.metrics.AP, 0) / 4, 12);
  expect(Object.keys(rPC)).toEqual(Object.keys(metrics));
});

test('a slice that there is not is refused before anything is evaluated', async () => {
  const { code, err } = await detlab('test', weights, ...data, '--slices', 'sise');
  expect([code, err]).toEqual([expect.toSatisfy((one) => one > 0), expect.stringContaining('Did you mean "size"?')]);
});

test('the results as MMDetection reads them', async () => {
  const file = join(root, 'deep', 'results.pkl');
  const { code, lines } = await detlab('test', weights, ...data, '--out', file, '--json');
  expect(code).toBe(0);
  const [report, saved] = lines();
  expect(saved.file).toBe(file);
  const text = readFileSync(file, 'latin1');
  expect(text.split('pred_instances').length - 1).toBe(report.images);
  expect(text.split('_load_from_bytes').length).toBe(2); // named once, then taken from the memo
});

test('--show says what to do where there is no display, and opens a page where there is one', async () => {
  vi.stubEnv('DISPLAY', '');
  vi.stubEnv('WAYLAND_DISPLAY', '');
  const without = await detlab('test', weights, ...data, '--show');
  expect([without.code, without.err]).toEqual([
    0,
    expect.stringContaining('--show-dir DIR draws all images to a folder'),
  ]);
  vi.stubEnv('DISPLAY', ':0');
  vi.stubEnv('PATH', root);
  const { code, err, lines } = await detlab('test', weights, ...data, '--show', '--json');
  const page = lines().at(-1).file;
  expect([code, err]).toEqual([0, expect.stringContaining(`no program opens HTML files here; open ${page} yourself`)]);
  expect(readFileSync(page, 'utf8')).toContain('<html');
  rmSync(dirname(page), { recursive: true });
  vi.unstubAllEnvs();
});

test.each([
  [['--eval', 'box'], 'Did you mean "bbox"?'],
  [
    ['--out', 'results.txt'],
    'Cannot write the results "results.txt": expected COCO results, "results.json", or MMDetection\'s .pkl',
  ],
  [['--corruptions', 'fogg'], 'Did you mean "fog"?'],
  [['--corruptions', 'fog', '--severities', 'strong'], 'severities'],
  [['--severities', '3'], 'Cannot evaluate severities alone'],
  [['more'], 'Cannot test: expected [CONFIG] WEIGHTS, received "more" too'],
])('%j', async (args, message) => {
  const { code, err } = await detlab('test', weights, ...args);
  expect([code, err]).toEqual([2, expect.stringContaining(message)]);
});

test('a DetVisualizationHook of the config draws every image to test_out_dir, or to the vis_backends', async () => {
  const workDir = join(root, 'tested');
  const settings = ['type=DetVisualizationHook', 'draw=True', 'show=True'];
  for (const [more, files] of [
    [['test_out_dir=drawn'], /^\d{8}_\d{6}\/drawn\/\d+\.png$/],
    [[], /^\d{8}_\d{6}\/vis_data\/vis_image\/test_img_[123]\.png$/],
  ] as const) {
    const given = [...settings, ...more].map((setting) => `default_hooks.visualization.${setting}`);
    rmSync(workDir, { recursive: true, force: true });
    const options = [...given, `work_dir=${workDir}`].flatMap((option) => ['--cfg-options', option]);
    const { code, err } = await detlab('test', weights, ...data, ...options);
    expect(code).toBe(0);
    expect(err).toContain('default_hooks.visualization.show: there is no display here');
    expect(err).toContain('DetVisualizationHook: all 3 images are drawn');
    const written = readdirSync(workDir, { recursive: true }).map((file) => String(file).replaceAll('\\', '/'));
    expect(written.filter((file) => files.test(file))).toHaveLength(3);
  }
});
