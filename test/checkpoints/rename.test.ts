// Names between a detector and a semi-supervised one that has it twice.

import { expect, test } from 'vitest';
import { fitNames } from '../../src/checkpoints/rename';
import type { StoredState } from '../../src/nn/stored-tensor';

const state = (names: string[]): StoredState => new Map(names.map((name) => [name, { name } as never]));
const TENSORS = ['backbone.conv1.weight', 'bbox_head.fc.bias'];
const twins = ['student', 'teacher'].flatMap((twin) => TENSORS.map((name) => `${twin}.${name}`));

test('the weights of a detector go to both of its twins', () => {
  const { tensors, notes } = fitNames(state(TENSORS), new Set(twins), ['student', 'teacher']);
  expect([...tensors.keys()].sort()).toEqual([...twins].sort());
  expect(tensors.get('student.bbox_head.fc.bias')).toBe(tensors.get('teacher.bbox_head.fc.bias'));
  expect(notes).toEqual(['loaded into both student and teacher: they are of a detector for one of them']);
});

test('those of a semi-supervised detector stay; of it the teacher goes to a detector', () => {
  expect(fitNames(state(twins), new Set(twins), ['student', 'teacher']).notes).toEqual([]);
  for (const names of [twins, [...twins].reverse()]) {
    const { tensors, notes } = fitNames(state(names), new Set(TENSORS), ['backbone', 'bbox_head']);
    expect([...tensors].map(([name, tensor]) => [name, tensor])).toEqual(
      expect.arrayContaining(TENSORS.map((name) => [name, { name: `teacher.${name}` }])),
    );
    expect(notes).toEqual(['prefix "teacher." removed from the file\'s names']);
  }
});
