// Box alignment of TOOD: where each side is read from, at whole and half cells, and which boxes stay. TOODHead's reference
// files cover its gradient.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import { alignBoxes } from '../../../src/models/layers/align-boxes';
import { expectClose, sgn } from '../../golden-data';

beforeAll(async () => void (await startEngine()));

/** Boxes of two rows of three cells; one column or row further, a side is 1 or 10 larger. */
const BOXES = [0, 10].flatMap((y) => [0, 1, 2].map((x) => [x + y, x + y, 20 + x + y, 20 + x + y]));

/** The aligned boxes for offsets of the first cell alone. */
function alignedFirst(offsets: number[], boxes = BOXES): number[] {
  return tf.tidy(() => {
    const all = [offsets, ...Array.from({ length: 5 }, () => new Array<number>(8).fill(0))];
    const aligned = alignBoxes(tf.tensor4d(boxes.flat(), [1, 2, 3, 4]), tf.tensor4d(all.flat(), [1, 2, 3, 8]));
    const values = [...aligned.dataSync()];
    expect(values.slice(4)).toEqual(boxes.slice(1).flat()); // the other cells have offsets of zero
    return values.slice(0, 4);
  });
}

test('without offsets the boxes are what they were, and no tensor is left', () => {
  const boxes = tf.tensor4d(sgn('boxes', [2, 3, 4, 4]), [2, 3, 4, 4]);
  const offsets = tf.zeros<tf.Rank.R4>([2, 3, 4, 8]);
  const before = tf.memory().numTensors;
  const aligned = alignBoxes(boxes, offsets);
  expect(tf.memory().numTensors).toBe(before + 1);
  expect(aligned.dataSync()).toEqual(boxes.dataSync());
  tf.dispose([boxes, offsets, aligned]);
});

test('each side is read at an offset of its own, y before x', () => {
  expect(alignedFirst([0, 1, 1, 0, 0, 2, 1, 2])).toEqual([1, 10, 22, 32]);
});

test('between cells a side is interpolated', () => {
  expectClose(alignedFirst([0, 0.5, 0.5, 0, 0, 1.5, 0.5, 0.5]), [0.5, 5, 21.5, 25.5], 1e-6);
});

test('a box whose sides cross stays whole', () => {
  const boxes = BOXES.map((box) => [...box]);
  boxes[2] = [50, 60, 70, 80];
  // the left side alone crosses the right one, then the top the bottom: the other sides move back too
  expect(alignedFirst([0, 2, 0, 0, 0, 1, 0, 1], boxes)).toEqual(boxes[0]);
  expect(alignedFirst([0, 0, 0, 2, 0, 1, 0, 1], boxes)).toEqual(boxes[0]);
  // with its right and bottom sides moved as far, none crosses
  expect(alignedFirst([0, 2, 0, 2, 0, 2, 0, 2], boxes)).toEqual(boxes[2]);
});
