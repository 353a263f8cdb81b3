// Objects that become ground truth, and what is said of the others.

import { expect, it } from 'vitest';
import { readVocAnnotation } from '../../../../src/data/datasets/voc/annotation';
import { contradicts, groundTruth } from '../../../../src/data/datasets/voc/ground-truth';
import { VocReport } from '../../../../src/data/datasets/voc/report';
import { kindsOf, vocXml } from '../cases';

const parsed = (objects: Parameters<typeof vocXml>[0], size?: [number, number] | false) =>
  readVocAnnotation(Buffer.from(vocXml(objects, { size })), 'a.xml', 'a');
const image = { width: 100, height: 80 };

function truths(objects: Parameters<typeof vocXml>[0], options: object = {}) {
  const report = new VocReport('voc');
  const given = { firstPixel: 1 as const, classes: ['RBC', 'WBC'], ...options };
  return { ...groundTruth('a', parsed(objects), image, given, report), report };
}

it('has labels, difficult boxes as ignored, and areas', () => {
  const {
    truths: found,
    areas,
    annotationIds,
  } = truths([
    ['WBC', [11, 21, 31, 41]],
    ['RBC', [1, 1, 21, 11], '<difficult>1</difficult>'],
    ['other', [1, 1, 21, 11]],
  ]);
  expect([...found.bboxes]).toEqual([10, 20, 30, 40, 0, 0, 20, 10]);
  expect([[...found.labels], [...found.ignored], [...areas]]).toEqual([
    [1, 0],
    [0, 1],
    [400, 200],
  ]);
  expect(annotationIds).toEqual(['a#1', 'a#2']);
});

it('reports what is skipped, clipped, exchanged or there twice', () => {
  const { truths: found, report } = truths([
    ['RBC', [5, 5, 5, 50]],
    ['RBC', [300, 5, 350, 50]],
    ['RBC', [90, 5, 120, 50]],
    ['RBC', [40, 5, 20, 50]],
    ['RBC', [21, 5, 41, 50]],
    ['RBC', [21, 5, 41, 50]],
    '<object><name>RBC</name></object>',
  ]);
  expect(found.labels.length).toBe(4);
  expect(kindsOf(report.problems)).toEqual([
    'zero-area a#1',
    'box-outside a#2',
    'box-outside a#3',
    'bad-annotation a#4',
    'duplicate a#6',
    'empty-annotation a#7',
  ]);
});

it('has the upright box around a turned one', () => {
  const turned = '<attributes><attribute><name>rotation</name><value>90</value></attribute></attributes>';
  expect([...truths([['RBC', [41, 36, 61, 46], turned]]).truths.bboxes]).toEqual([45, 30, 55, 50]);
});

it('ignores boxes below bbox_min_size', () => {
  expect([...truths([['RBC', [1, 1, 9, 40]]], { bboxMinSize: 10 }).truths.ignored]).toEqual([1]);
});

it('doubts a size that boxes contradict', () => {
  expect(contradicts(parsed([['RBC', [62, 10, 78, 40]]], [60, 80]), 1)).toBe(true);
  expect(contradicts(parsed([['RBC', [10, 10, 60, 80]]], [60, 80]), 1)).toBe(false);
  expect(contradicts(parsed([['RBC', [0, 0, 60, 80]]], [60, 80]), 0)).toBe(false);
  expect(contradicts(parsed([], false), 1)).toBe(true);
});
