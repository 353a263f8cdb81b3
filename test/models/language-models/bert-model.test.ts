// BertModel: captions as batches of tokens. Its numbers are compared in whole detectors (zoo_grounding_dino, zoo_glip).

import { expect, test } from 'vitest';
import { createRegistry } from '../../../src/models/catalogue';
import type { BertModel } from '../../../src/models/language-models/bert-model';
import { subSentences } from '../../../src/models/language-models/sub-sentences';
import '../../../src/text/read-text-model';

const build = (options: object) =>
  createRegistry().build(
    'language_model',
    { type: 'BertModel', name: 'test/golden/tiny-bert', ...options },
    { path: 'text' },
  );

test('captions are cut and padded', () => {
  const model = build({ max_tokens: 5 }) as BertModel;
  const { ids, length, present } = model.tokens(['cat. dog. bus', 'cat']);
  expect([length, [...ids], [...present]]).toEqual([
    5,
    [2, 95, 5, 97, 3, 2, 95, 3, 0, 0],
    [1, 1, 1, 1, 1, 1, 1, 1, 0, 0],
  ]);
  model.dispose();
});

test('tokens of a phrase read each other', () => {
  const { mask, positions } = subSentences(Int32Array.of(2, 95, 5, 94, 97, 5, 3, 0), 1, new Set([2, 3, 5]));
  const rows = Array.from({ length: 8 }, (_, i) => [...mask.subarray(8 * i, 8 * i + 8)].join(''));
  expect(rows).toEqual([
    '10000000',
    '01100000',
    '01100000',
    '00011100',
    '00011100',
    '00011100',
    '00000010',
    '00000001',
  ]);
  expect([...positions]).toEqual([0, 0, 1, 0, 1, 2, 0, 0]);
});

test('what cannot be is refused by name', () => {
  expect(() => build({ name: 'bert-bace-uncased' })).toThrow(/Did you mean "bert-base-uncased"/);
  expect(() => build({ name: '/no/such/folder' })).toThrow(/expected a folder with its vocab.txt and config.json/);
  expect(() => build({ max_tokens: 65 })).toThrow(/has 64 positions and 2 layers/);
  expect(() => build({ use_sub_sentence_represent: true })).toThrow(/special_tokens_list/);
});
