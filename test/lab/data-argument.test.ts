// What is given as the data set of a method: a forgotten `await`, or nothing, is named.

import { expect, test } from 'vitest';
import { detector } from '../../src';
import { checkDataMethod } from '../../src/lab/data-argument';

test('every method that takes data names what it was given', async () => {
  const recipe = detector('faster-rcnn_r18_fpn_toytown') as unknown as Record<
    string,
    (data: unknown) => Promise<unknown>
  >;
  const methods = [
    'fit',
    'fineTune',
    'crossValidate',
    'findLearningRate',
    'batches',
    'steps',
    'lostTruths',
    'assignments',
    'plan',
  ];
  for (const method of methods)
    await expect(recipe[method](undefined), method).rejects.toThrow(
      /^Cannot .*: expected a data set, .*received undefined$/,
    );
});

test.each([
  [Promise.resolve(), 'a promise: await it'],
  ['town', 'the string "town"'],
  [{ train: 'town' }, 'an object'],
])('%s', (given, received) => {
  expect(() => checkDataMethod('Model.evaluate', given, {})).toThrow(
    `Cannot evaluate: expected a data set, such as await dataset.open('FOLDER'), received ${received}`,
  );
});

test('options are checked too', () => {
  expect(() => checkDataMethod('Recipe.fit', { train: { classes: [] } }, { epoch: 1 })).toThrow(
    /unknown option "epoch"/,
  );
});
