// Labels of a model: thresholds, review by words and by file, and training on them beside a person's.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LabDataset, PseudoLabels, startEngine } from '../../src';
import type { ConfigObject } from '../../src/config';
import type { PseudoBox } from '../../src/lab/pseudo-boxes';
import { checkWeightedLabels } from '../../src/lab/weighted-labels';
import { JUPYTER_DISPLAY } from '../../src/visualization/display';
import { quick, scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-pseudo-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine();
  data = await scenes(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Three boxes in the first image and one in the second of three. */
function pseudo(): PseudoLabels {
  const images = data.train.records.slice(0, 3);
  const box = (id: number, image: number, label: string, score: number, status: PseudoBox['status']): PseudoBox => ({
    ...{ id, label, score, status, image: images[image].path },
    bbox: [id, 2, id + 10, 22],
  });
  return new PseudoLabels('street', data.classes, images, [
    box(1, 0, 'car', 0.9, 'accepted'),
    box(2, 0, 'person', 0.8, 'accepted'),
    box(3, 0, 'car', 0.5, 'unsure'),
    box(4, 1, 'car', 0.75, 'accepted'),
  ]);
}
const statuses = ({ boxes }: PseudoLabels) => boxes.map(({ status }) => status[0]).join('');

test('accepted boxes are truths with scores, unsure ones are ignored; images without any are left out', () => {
  const { records, notices } = pseudo().train;
  expect(records.length).toBe(2);
  const [first] = records;
  expect([...first.truths.labels]).toEqual([0, 1, 0]);
  expect([...first.truths.ignored]).toEqual([0, 0, 1]);
  expect([...first.scores!]).toEqual([...Float32Array.of(0.9, 0.8, 0.5)]);
  expect([...first.truths.bboxes.slice(0, 4)]).toEqual([1, 2, 11, 22]);
  expect([...first.areas]).toEqual([200, 200, 200]);
  expect(notices).toEqual(['"street": 3 boxes are labels of a model, not of a person']);
});

test('corners of rotated boxes are outlines, in training and in the file, until the box is another', async () => {
  const { id, path, width, height } = data.train.records[0];
  const turned = {
    ...{ id: 1, image: path, label: 'car', score: 0.9, status: 'accepted' as const },
    ...{ bbox: [10, 10, 30, 30] as const, corners: [20, 10, 30, 20, 20, 30, 10, 20] },
  };
  const labels = new PseudoLabels('street', data.classes, [{ id, path, width, height }], [turned]);
  const outline = [[...turned.corners]];
  expect(labels.train.records[0]).toMatchObject({ segmentations: [outline], areas: Float32Array.of(200) });
  const file = await labels.save(join(folder, 'turned.json'));
  expect(JSON.parse(readFileSync(file, 'utf8')).annotations[0]).toMatchObject({ segmentation: outline, area: 200 });
  expect(labels.review(file).boxes[0].corners).toEqual(turned.corners);
  expect(labels.edit(1, { label: 'person' }).boxes[0].corners).toEqual(turned.corners);
  expect(labels.edit(1, { bbox: [1, 1, 9, 9] }).train.records[0]).not.toHaveProperty('segmentations');
});

test('review by words', () => {
  const before = pseudo();
  expect(statuses(before.reject({ label: 'car', below: 0.8 }))).toBe('aarr');
  expect(statuses(before.accept({ from: 0.5, id: [3] }))).toBe('aaaa');
  expect(statuses(before.reject(({ bbox: [x1] }) => x1 === 4))).toBe('aaur');
  expect(statuses(before)).toBe('aaua');
  const name = before.boxes[3].image.split('/').at(-1)!;
  expect(statuses(before.reject({ image: name }))).toBe('aaur');
  expect(statuses(before.reject({ image: before.boxes[3].image }))).toBe('aaur');
  // the end of a name is no name
  expect(statuses(before.reject({ image: name.slice(1) }))).toBe('aaua');
  const edited = before.edit(3, { label: 'person', bbox: [0, 0, 5, 5] });
  expect(edited.boxes[2]).toMatchObject({ label: 'person', bbox: [0, 0, 5, 5], status: 'accepted' });
  expect(() => before.reject({ label: 'kar' })).toThrow(/classes are car, person, traffic light. Did you mean "car"/);
  expect(() => before.reject({ lable: 'car' } as never)).toThrow(/unknown option "lable".*"label"/);
  expect(() => before.edit(9, {})).toThrow(/pseudo-label the number 9: expected one of 1 to 4/);
  expect(String(before)).toMatch(/street: 2 of 3 images\nclass +accepted +unsure +rejected +mean score\n/);
  expect(String(before)).toMatch(/^car +2 +1 +0 +0\.825$/m);
});

test('review by file: missing boxes are rejected, moved ones edited, new ones added', async () => {
  const before = pseudo();
  const file = await before.save(join(folder, 'pseudo.json'));
  expect(before.review(file).boxes).toEqual(before.boxes);
  const content = JSON.parse(readFileSync(file, 'utf8'));
  const [a, b, , d] = content.annotations;
  const { id: _, ...copy } = a;
  const changed = (annotations: object[]) => {
    const target = join(folder, 'changed.json');
    writeFileSync(target, JSON.stringify({ ...content, annotations }));
    return before.review(target);
  };
  const after = changed([{ ...a, category_id: 3 }, { ...b, bbox: [0, 0, 4, 5] }, { ...d, status: 'unsure' }, copy]);
  expect(after.boxes.map(({ id, label, status, score }) => [id, label, status, score])).toEqual([
    [1, 'traffic light', 'accepted', 0.9],
    [2, 'person', 'accepted', 0.8],
    [3, 'car', 'rejected', 0.5],
    [4, 'car', 'unsure', 0.75],
    [5, 'car', 'accepted', 1],
  ]);
  expect(after.boxes[1].bbox).toEqual([0, 0, 4, 5]);
  expect(() => changed([{ ...a, bbox: [1, 2, -3, 4] }])).toThrow(/annotation 1 has no box: .* received \[1,2,-3,4\]/);
  expect(() => changed([{ ...a, status: 'ok' }])).toThrow(/the status "ok": expected accepted, rejected, unsure/);
  expect(() => changed([{ ...a, image_id: 999 }])).toThrow(/is of image 999, which was not labelled/);
  expect(() => before.review(join(folder, 'none.json'))).toThrow(/ENOENT/);
});

test('train, label, review, retrain', async () => {
  const labelled = data.take(2);
  const { model } = await small().fit(labelled, { ...quick, epochs: 1 });
  const others = data.train.records.slice(2, 4).map(({ path }) => path);
  const found = await model.pseudoLabel(others, { threshold: { car: 0.05, person: 1 }, ignore: 0.02 });
  for (const { label, score, status } of found.boxes)
    expect(status).toBe(score >= (label === 'car' ? 0.05 : label === 'person' ? 1 : 0.7) ? 'accepted' : 'unsure');
  await expect(model.pseudoLabel(others, { threshold: { kar: 0.5 } })).rejects.toThrow(/Did you mean "car"/);
  // the labels of a dataset are not used, its ids are
  const again = await model.pseudoLabel(data.take(1), { threshold: 0 });
  expect(again.train.records.map(({ id }) => id)).toEqual([data.train.records[0].id]);
  model.dispose();
  const merged = labelled.merge(pseudo());
  expect(merged.train.records.length).toBe(4);
  expect(new Set(merged.train.records.map(({ id }) => id)).size).toBe(4);
  expect(merged.val).toBe(labelled.val);
  const lines: string[] = [];
  const run = await small().fit(merged, { ...quick, epochs: 1, batch: 2, log: (line) => lines.push(line) });
  expect(run.step).toBe(2);
  expect(lines.join('\n')).toContain('3 boxes are labels of a model, not of a person');
  run.model.dispose();
  const html = String((await pseudo()[JUPYTER_DISPLAY]())['text/html']);
  expect(html).toContain('pseudo-label 4, accepted');
});

/** The labels of a person as those of a model that gives each the same score. */
function scored(score: number, weights?: 'score'): PseudoLabels {
  const { records } = data.train;
  const boxes = records.flatMap(({ path: image, truths: { bboxes, labels } }) =>
    Array.from(labels, (label, k) => ({
      ...{ image, label: data.classes[label], score, status: 'accepted' as const },
      bbox: [...bboxes.subarray(4 * k, 4 * k + 4)] as unknown as PseudoBox['bbox'],
    })),
  );
  const numbered = boxes.map((box, i) => ({ id: i + 1, ...box }));
  return new PseudoLabels('street', data.classes, records, numbered, weights);
}

test('weights by score scale the losses of what is assigned to a label, and others weigh 1', async () => {
  const losses = async (pseudo: PseudoLabels) => {
    const found: Record<string, number>[] = [];
    const hooks = [
      { afterIteration: ({ losses: of }: { losses: Record<string, number> }) => void found.push({ ...of }) },
    ];
    const train = new LabDataset('street', pseudo.train, undefined);
    const run = await small().fit(train, { ...quick, epochs: 1, batch: 12, workers: 0, seed: 1, hooks });
    run.model.dispose();
    return found[0];
  };
  const [plain, full, half] = [
    await losses(scored(0.5)),
    await losses(scored(1, 'score')),
    await losses(scored(0.5, 'score')),
  ];
  expect(full).toEqual(plain);
  for (const name of ['loss_bbox', 'loss_rpn_bbox']) {
    expect(plain[name]).toBeGreaterThan(0);
    expect(half[name]).toBeCloseTo(plain[name] / 2, 6);
  }
  for (const name of ['loss_cls', 'loss_rpn_cls']) {
    expect(half[name]).toBeLessThan(plain[name]);
    expect(half[name]).toBeGreaterThan(plain[name] / 2);
  }
  const merged = data.merge(scored(0.5, 'score')).train.records;
  expect([...merged[0].truths.weights!]).toEqual([...merged[0].truths.labels].map(() => 1));
  expect([...merged.at(-1)!.truths.weights!]).toEqual([...merged.at(-1)!.truths.labels].map(() => 0.5));
});

test('losses that do not weigh single boxes are refused by name', () => {
  const weighted = scored(0.5, 'score').train;
  const check = (model: ConfigObject) => () => checkWeightedLabels({ model }, weighted);
  expect(check({ bbox_head: { type: 'ATSSHead' } })).toThrow(/model\.bbox_head is ATSSHead, .*expected RetinaHead/);
  const giou = { type: 'GIoULoss' };
  expect(check({ bbox_head: { type: 'RetinaHead', loss_bbox: giou } })).toThrow(/bbox_head\.loss_bbox is GIoULoss/);
  const roi = { type: 'StandardRoIHead', bbox_head: { type: 'Shared2FCBBoxHead' } };
  expect(check({ roi_head: { ...roi, mask_head: { type: 'FCNMaskHead' } } })).toThrow(/mask_head is FCNMaskHead/);
  expect(check({ type: 'DETR' })).toThrow(/two-stage/);
  expect(check({ rpn_head: { type: 'RPNHead' }, roi_head: roi })).not.toThrow();
  expect(() => checkWeightedLabels({ model: { type: 'DETR' } }, data.train)).not.toThrow();
});
