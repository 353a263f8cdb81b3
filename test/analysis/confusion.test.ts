// The confusion matrix against MMDetection's confusion_matrix.py on the same files, and by the evaluator's matches.

import { expect, it, test } from 'vitest';
import { type Confusion, confusionOf } from '../../src/analysis/confusion';
import { golden, inputOf } from './golden-input';

const { cases } = golden('confusion.json') as { cases: Record<string, number[][]> };

function rowsOf({ classes, counts }: Confusion): number[][] {
  const size = classes.length + 1;
  return Array.from({ length: size }, (_, r) => [...counts.subarray(r * size, (r + 1) * size)]);
}

it.each(Object.keys(cases))("MMDetection's counts: %s", (name) => {
  const [file, score, iou] = name.split('/');
  expect(rowsOf(confusionOf(inputOf(file, 'bbox'), { score: Number(score), iou: Number(iou) }))).toEqual(cases[name]);
});

test('at a score of 0.3 and an IoU of 0.5 by default, with what each cell counts', () => {
  const input = inputOf('small', 'bbox');
  const confusion = confusionOf(input);
  expect(rowsOf(confusion)).toEqual(cases['small/0.3/0.5']);
  const size = input.classes.length + 1;
  for (let r = 0; r < size; r++)
    for (let c = 0; c < size; c++) {
      const entries = confusion.entries(r, c);
      expect(entries.length).toBe(confusion.counts[r * size + c]);
      for (const { image, detection, truth } of entries) {
        const { truths, detections } = input.images[image];
        expect(truth < 0 ? size - 1 : truths.labels[truth]).toBe(r);
        expect(detection < 0 ? size - 1 : detections.labels[detection]).toBe(c);
      }
    }
});

test("by the evaluator's matches every object and every detection counts once", () => {
  const input = inputOf('small', 'bbox');
  const rows = rowsOf(confusionOf(input, { rule: 'evaluator', score: 0.4 }));
  const labels = (list: Iterable<number>, label: number) => [...list].filter((l) => l === label).length;
  for (const [label] of input.classes.entries()) {
    const objects = input.images.map(({ truths }) =>
      labels(
        Array.from(truths.labels).filter((_, g) => !truths.ignored[g]),
        label,
      ),
    );
    const sum = objects.reduce((a, b) => a + b, 0);
    expect(rows[label].reduce((a, b) => a + b, 0)).toBe(sum);
  }
  // the worked example: the .8 is a duplicate, the .7 takes the object of another class
  expect(rowsOf(confusionOf(inputOf('worked', 'bbox'), { rule: 'evaluator' }))).toEqual([
    [1, 1, 0],
    [0, 1, 1],
    [2, 1, 0],
  ]);
});

test('suppression within a class, and what is refused', () => {
  const input = inputOf('worked', 'bbox');
  const [[found]] = rowsOf(confusionOf(input, { nms: 0.5 }));
  expect(found).toBe(1); // without it, the duplicate counts too: 2
  expect(() => confusionOf(input, { score: 30 })).toThrow('Cannot count at score 30: expected a number from 0 to 1');
  expect(() => confusionOf(input, { rule: 'evaluater' as never })).toThrow('Did you mean "evaluator"');
  expect(() => confusionOf(input, { rule: 'evaluator', nms: 0.5 })).toThrow('Leave nms out');
});
