import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LabDataset, startEngine } from '../../src';
import { scenes } from '../lab/small';
import { smallArguments } from '../lab/small-options';
import { detlab } from './detlab';

const folder = mkdtempSync(join(tmpdir(), 'detlab-cli-'));
const CONFIG = 'faster-rcnn_r18_fpn_toytown';
const workDir = join(folder, 'run');
let data: LabDataset;
let dataOption: string;

beforeAll(async () => {
  await startEngine();
  data = await scenes(folder);
  const root = join(data.train.records[0].path, '../..');
  const part = (name: string) => `${join(root, 'annotations', `${name}.json`)},${join(root, name)}`;
  dataOption = `coco:${part('train')},${part('val')}`;
});
afterAll(() => rmSync(folder, { recursive: true }));

test('help tells the exit codes; wrong usage and wrong configs end with 2', async () => {
  const help = await detlab('--help');
  expect(help.code).toBe(0);
  expect(help.out).toMatch(
    /Exit codes: 0 done, 1 failed, 2 wrong usage or config, 3 a problem with the data, 130 interrupted/,
  );
  expect((await detlab('trian', CONFIG)).code).toBe(2);
  const epochs = await detlab('train', CONFIG, '--epochs', 'two');
  expect([epochs.code, epochs.err]).toEqual([2, expect.stringContaining('expected a number')]);
  for (const [args, reason] of [
    [['--epoch', '3'], "unknown option '--epoch'"],
    [['--epochs', '3', '--epochs', '5'], "option '--epochs <n>' is given more than once"],
    [['--epochs', '0'], 'expected an integer >= 1'],
    [['--lr', '-1'], 'expected a number >= 0'],
    [['--seed', '-1'], 'expected an integer >= 0'],
  ] as const) {
    const { code, err } = await detlab('train', CONFIG, ...args);
    expect([code, err]).toEqual([2, expect.stringContaining(reason)]);
  }
  for (const [args, help] of [
    [['trian'], 'detlab'],
    [['train', CONFIG, '--epoch', '3'], 'detlab train'],
    [['dataset', 'shwo'], 'detlab dataset'],
    [['dataset', 'show', '--dta', 'x'], 'detlab dataset show'],
  ] as const)
    expect((await detlab(...args)).err).toContain(`(see ${help} --help)`);
  const score = await detlab('predict', CONFIG, 'weights', 'image.jpg', '--threshold', '1.5');
  expect([score.code, score.err]).toEqual([2, expect.stringContaining('expected a number from 0 to 1')]);
  const name = await detlab('summary', 'faster-rcnn_r18_fpn_toytwon');
  expect([name.code, name.err]).toEqual([2, expect.stringContaining(`Did you mean "${CONFIG}"`)]);
  const option = await detlab('summary', CONFIG, '--json', '--cfg-options', 'model.neck.num_out=3');
  expect(option.code).toBe(2);
  expect(option.lines()).toEqual([
    { event: 'error', code: 2, message: expect.stringMatching(/Did you mean "num_outs"/) },
  ]);
});

test('data that cannot be used ends with 3', async () => {
  for (const option of ['voc:/nowhere', 'coco:a.json', '/nowhere']) {
    const { code, err } = await detlab('train', CONFIG, '--data', option);
    expect([option, code]).toEqual([option, 3]);
    expect(err).toMatch(/Cannot (open|use|load)/);
  }
});

test('summary, as a table and as JSON', async () => {
  const table = await detlab('summary', CONFIG, ...smallArguments);
  expect(table.code).toBe(0);
  expect(table.out).toMatch(/neck +FPN +16×24×16/);
  const [summary] = (await detlab('summary', CONFIG, '--input', '128x192', '--json', ...smallArguments)).lines();
  expect(summary).toMatchObject({ event: 'summary', input: [128, 192] });
  expect(summary.stages[0]).toMatchObject({ path: 'backbone', type: 'ResNet', strides: [4, 8, 16, 32] });
  expect((await detlab('summary', CONFIG, '--input', '128')).code).toBe(2);
});

test('doctor names what it found', async () => {
  const { code, lines } = await detlab('doctor', '--json');
  expect(code).toBe(0);
  const names = lines().map((f) => f.name.replace(/^kernelspec of .*/, 'kernelspec'));
  const parts = [
    'Node.js',
    'Python',
    'torch',
    'engine',
    'compiled kernel',
    'Jupyter',
    'kernelspec',
    'zeromq',
    'loopback',
  ];
  expect([...new Set(names)]).toEqual([...parts, 'kernel', 'memory', 'processors']);
  expect(lines().find((f) => f.name === 'kernel')).toMatchObject({
    ok: true,
    detail: expect.stringContaining('1+1 gives 2'),
  });
});

test('train --patience ends early and says where, and --val-loss is in the evaluations', async () => {
  const place = ['--data', dataOption, '--work-dir', join(folder, 'early')];
  const options = ['--epochs', '3', '--patience', '1', '--val-loss', '--json'];
  const { code, lines } = await detlab('train', CONFIG, ...place, ...options, ...smallArguments);
  expect(code).toBe(0);
  const events = lines();
  // AP stays 0 in so few iterations
  expect(events.filter(({ event }) => event === 'evaluation').map((line) => typeof line['val/loss'])).toEqual(
    Array(2).fill('number'),
  );
  expect(events.at(-1)).toMatchObject({
    interrupted: false,
    early: 'stopped early at epoch 2 of 3',
    restored: { epoch: expect.any(Number) },
  });
});

test('Ctrl-C leaves a checkpoint and 130; resume, test and predict go on from there', async () => {
  const args = [
    'train',
    CONFIG,
    '--data',
    dataOption,
    '--work-dir',
    workDir,
    '--epochs',
    '2',
    '--json',
    ...smallArguments,
  ];
  const program = ['-r', join(__dirname, '../typescript-require.cjs'), join(__dirname, 'interrupted.cjs')];
  const child = spawn(process.execPath, [...program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve)); // with all it wrote
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  expect([await ended, err]).toEqual([130, expect.stringContaining('Ctrl-C again stops at once')]);
  expect(err.split('\n')[0]).toMatch(/^engine: /);
  const first = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(first[0]).toMatchObject({ event: 'train', epoch: 1, step: 2, loss: expect.any(Number) });
  expect(first.at(-1)).toMatchObject({ event: 'end', interrupted: true });
  const { step, checkpoint } = first.at(-1);
  expect(step).toBeLessThan(6);
  expect(existsSync(join(checkpoint, 'model.safetensors'))).toBe(true);

  const resumed = await detlab(...args, '--resume');
  expect([resumed.code, resumed.err]).toEqual([0, expect.stringContaining('resumed from')]);
  const end = resumed.lines().at(-1);
  expect(end).toMatchObject({ event: 'end', interrupted: false, epoch: 2, step: 6 });

  // the numbers of a run that nobody interrupted
  const whole = await detlab(...args.map((arg) => (arg === workDir ? join(folder, 'whole') : arg)));
  expect(whole.lines().at(-1).report).toEqual(end.report);

  const tested = await detlab('test', CONFIG, workDir, '--data', dataOption, '--json', ...smallArguments);
  expect(tested.code).toBe(0);
  expect(tested.lines()[0].metrics).toEqual(end.report.metrics);

  const image = data.val!.records[0].path;
  const bad = join(folder, 'bad.jpg');
  writeFileSync(bad, 'no image');
  const thin = join(folder, 'thin.png');
  await sharp({ create: { width: 6000, height: 2, channels: 3, background: 'gray' } }).toFile(thin);
  const pictures = join(folder, 'pictures');
  mkdirSync(join(pictures, `${basename(image, extname(image))}.png`), { recursive: true });
  const predicted = await detlab(
    'predict',
    CONFIG,
    workDir,
    image,
    thin,
    bad,
    '--threshold',
    '0',
    '--out',
    pictures,
    '--json',
    ...smallArguments,
  );
  expect(predicted.code).toBe(3);
  // detections are there whether or not they can be drawn
  const [found, undrawn, foundThin, error] = predicted.lines();
  expect(found).toMatchObject({ event: 'predictions', image });
  expect(found.predictions.length).toBeGreaterThan(0);
  expect(undrawn).toMatchObject({ event: 'error', image, message: expect.stringContaining('Cannot draw') });
  expect(foundThin).toMatchObject({ event: 'predictions', image: thin });
  expect(foundThin.predictions.length).toBeGreaterThan(0);
  expect((await sharp(foundThin.picture).metadata()).format).toBe('png');
  expect(error).toMatchObject({ event: 'error', image: bad, message: expect.stringContaining('bad.jpg') });
});
