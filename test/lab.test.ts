// A run of the laboratory from end to end: fit, the files it leaves, predict, evaluate, compare.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { compare, engine, type LabDataset, Model, type Run, startEngine } from '../src';
import { buildModel } from '../src/lab/build-model';
import { quick, scenes, small } from './lab/small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-lab-'));
const SHOW = Symbol.for('Jupyter.display');
type Shown = Record<string, unknown>;
const shown = (thing: object): Promise<Shown> => (thing as Record<symbol, () => Promise<Shown>>)[SHOW]();
let data: LabDataset;
let run: Run;
const lines: string[] = [];

beforeAll(async () => {
  await startEngine();
  data = await scenes(folder);
  run = await small().fit(data, {
    ...quick,
    seed: 1,
    workDir: join(folder, 'run'),
    log: (line) => void lines.push(line),
  });
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  delete (globalThis as Record<symbol, unknown>)[Symbol.for('detlab.notebook')];
});

describe('fit', () => {
  test('gives model, report, curves, history and checkpoints; the log starts with the engine', async () => {
    expect(lines[0]).toMatch(/^engine: /);
    expect(run).toMatchObject({ interrupted: false, epoch: 2, step: 6, problems: [] });
    expect(run.report!.images).toBe(3);
    expect(Object.keys(run.report!.metrics)).toHaveLength(12);
    expect(run.history.evaluations).toHaveLength(2);
    expect(run.history.evaluations[0]['coco/bbox_mAP']).toBe(run.curves.data.evaluations[0].metrics.AP);
    expect(run.curves.data.steps).toHaveLength(6);
    expect(readdirSync(join(folder, 'run/checkpoints')).sort()).toEqual(['epoch_2', 'last_checkpoint']);
    expect((await shown(run))['text/html']).toContain('<td');
    expect((await shown(run.curves))['text/html']).toContain('src="data:image/png;base64,');
  });

  test('one seed gives one run, bit by bit, in full and in mixed precision', async () => {
    const precisions = engine().name === 'torch' ? [false, true] : [false];
    for (const amp of precisions) {
      const once = async () => {
        const { model, history } = await small().fit(data.take(6), { ...quick, epochs: 1, seed: 5, amp });
        const weights = [...model.detector.stateDict()].map(([name, t]) => [name, t.data.join()]);
        model.dispose();
        return { weights, losses: history.train.map((r) => r.loss), ap: history.evaluations[0]['coco/bbox_mAP'] };
      };
      expect(await once()).toEqual(await once());
    }
  });

  test('freezing holds: frozen weights and statistics stay, the rest moves', async () => {
    const recipe = small().freeze('backbone.layer1', 'backbone.conv1', 'backbone.bn1');
    const before = (await recipe.build({ seed: 1 })).detector.stateDict();
    const { model } = await recipe.fit(data.take(4), { ...quick, epochs: 1, seed: 1 });
    const after = model.detector.stateDict();
    for (const [name, tensor] of after) {
      const same = tensor.data.join() === before.get(name)!.data.join();
      if (/^backbone\.(layer1|conv1|bn1)/.test(name)) expect([name, same]).toEqual([name, true]);
      // (a block's last norm starts at 0, so that its convolutions stay for one step)
      if (/layer3.0.downsample.0.weight|fpn_convs.0.*weight/.test(name)) expect([name, same]).toEqual([name, false]);
    }
  });

  test("a saved model, a checkpoint and a run's folder load as the same model", async () => {
    const image = data.val!.records[0].path;
    const expected = [...(await run.model.predict(image))];
    expect(expected.length).toBeGreaterThan(0);
    const file = run.model.save(join(folder, 'saved/model.safetensors'));
    for (const place of [file, join(folder, 'run'), join(folder, 'run/checkpoints/epoch_2')]) {
      const model = await Model.load(place);
      expect([...(await model.predict(image))]).toEqual(expected);
      expect(model.classes).toEqual(data.classes);
      model.dispose();
    }
    const other = await small().load(file);
    expect([...(await other.predict(image))]).toEqual(expected);
    other.dispose();
    await expect(small().neck('PAFPN').load(file)).rejects.toThrow(
      /tensors do not match the config: neck\.\S+ is missing/,
    );
    await expect(Model.load(join(folder, 'nowhere'))).rejects.toThrow(/there is no such file or folder/);
  });

  test('weights are laid over as far as they fit', async () => {
    const file = run.model.save(join(folder, 'weights.safetensors'));
    const notices: string[] = [];
    const spec = { name: 'x', config: small().config, freezing: [], loadFrom: { file } };
    const two = { ...spec, classes: ['a', 'b'] };
    (await buildModel(two, two.classes, 0, (line) => void notices.push(line))).dispose();
    expect(notices.join()).toMatch(/\d+ tensors loaded from .*weights.safetensors; 4 of different shape \(roi_head/);
    await expect(async () => small().weights(join(folder, 'none'))).rejects.toThrow(/Cannot find the weights/);
  });

  test('Stop ends fit within the iteration and keeps the model', async () => {
    const controller = new AbortController();
    const notebook = { signal: controller.signal, display: vi.fn() };
    (globalThis as Record<symbol, unknown>)[Symbol.for('detlab.notebook')] = notebook;
    const stopped = await small().fit(data, {
      ...quick,
      epochs: 50,
      onStep: ({ step }) => void (step === 3 && controller.abort()),
    });
    expect(stopped).toMatchObject({ interrupted: true, step: 3 });
    expect(stopped.model.parameters).toBe(run.model.parameters);
    expect(String(stopped)).toMatch(/stopped after epoch 1 of 50|stopped in epoch 1 of 50, after 3 of its/);
  });

  test('in a notebook a progress bar, a chart and the watched images replace themselves', async () => {
    const display = vi.fn();
    const notebook = { signal: new AbortController().signal, display };
    (globalThis as Record<symbol, unknown>)[Symbol.for('detlab.notebook')] = notebook;
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    await small().fit(data, { epochs: 2, workDir: false });
    expect(log.mock.calls[0][0]).toMatch(/^engine: /);
    log.mockRestore();
    const ids = new Map<string, Shown[]>();
    for (const [bundle, { id }] of display.mock.calls) ids.set(id, [...(ids.get(id) ?? []), bundle]);
    // bar, chart, watched images
    expect(ids.size).toBe(3);
    const all = [...ids.values()];
    const charts = all.find(([first]) => String(first['text/html']).includes('detlab-plot'))!;
    const bars = all.find(([first]) => /^epoch 1\/2/.test(String(first['text/plain'])))!;
    expect(bars.at(-1)!['text/plain']).toMatch(/epoch 2\/2|evaluating after epoch 2/);
    expect(charts.at(-1)!['text/html']).toMatch(/src="data:image\/png;base64,/);
    expect(charts.at(-1)!['text/plain']).toMatch(/^loss /);
  });

  test('a data set without validation images trains without AP and says so', async () => {
    const said: string[] = [];
    const alone = await small().fit(data.split('train').take(4), {
      ...quick,
      epochs: 1,
      log: (line) => void said.push(line),
    });
    expect(alone.report).toBeUndefined();
    expect(said.join('\n')).toMatch(/has no validation images, so no AP is computed/);
  });
});

describe('predict', () => {
  test('path, bytes and pixels give the same boxes, drawn on the picture', async () => {
    const image = data.val!.records[0].path;
    const fromPath = await run.model.predict(image, { threshold: 0 });
    const { data: rgb, info } = await sharp(image).raw().toBuffer({ resolveWithObject: true });
    const pixels = { data: new Uint8Array(rgb), width: info.width, height: info.height, order: 'rgb' as const };
    const [fromBytes, fromPixels] = await run.model.predict([readFileSync(image), pixels], { threshold: 0 });
    expect([...fromBytes]).toEqual([...fromPath]);
    expect([...fromPixels]).toEqual([...fromPath]);
    expect(fromPath[0]).toMatchObject({
      label: expect.stringMatching(/car|person|traffic light/),
      score: expect.any(Number),
    });
    for (const [i, { bbox, score }] of fromPath.entries()) {
      expect(bbox).toHaveLength(4);
      expect(Math.min(...bbox)).toBeGreaterThanOrEqual(0);
      expect(bbox[2]).toBeLessThanOrEqual(96);
      if (i > 0) expect(score).toBeLessThanOrEqual(fromPath[i - 1].score);
    }
    const bundle = await shown(fromPath);
    const { width } = await sharp(Buffer.from(bundle['image/png'] as string, 'base64')).metadata();
    expect(width).toBe(400); // for what takes no HTML
    expect(bundle['text/html']).toMatch(/<img alt="[^"]*\.jpg: \d/);
    expect(fromPath.filter((p) => p.score > 2)).toEqual([]);
    expect(Array.isArray(fromPath.map((p) => p.label))).toBe(true);
    await expect(run.model.predict({ ...pixels, width: 5 })).rejects.toThrow(/values for 5 x 64/);
    await expect(run.model.predict(join(folder, 'absent.jpg'))).rejects.toThrow(/absent.jpg/);
  });

  test("evaluate equals the run's own report; other classes are refused", async () => {
    const report = await run.model.evaluate(data);
    expect(report.metrics).toEqual(run.report!.metrics);
    const other = (await scenes(folder)).take(1);
    (other.val!.classes as string[])[0] = 'bus';
    await expect(run.model.evaluate(other)).rejects.toThrow(
      /the model's classes are car, person, traffic light; the data's are bus/,
    );
  });
});

test('compare trains each recipe alike into one table and one chart', async () => {
  const base = small();
  const result = await compare({ FPN: base, PAFPN: base.neck('PAFPN') }).fit(data.take(6), { ...quick, epochs: 1 });
  expect(Object.keys(result.runs)).toEqual(['FPN', 'PAFPN']);
  expect(String(result)).toMatch(/^Comparison\n +FPN +PAFPN\n/);
  expect(String(result)).toMatch(/\nparameters +[\d,]+ \* +[\d,]+\n/);
  const bundle = await shown(result);
  expect(bundle['text/html']).toMatch(/<table.*<img alt="comparison chart"/s);
  expect(() => compare({})).toThrow(/Cannot compare: expected recipes by name/);
  expect(existsSync('runs/compare')).toBe(false);
});
