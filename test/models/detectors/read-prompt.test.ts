// What a detector on text reads of a prompt.

import { expect, test } from 'vitest';
import { readPrompt, readTrainingPrompt } from '../../../src/models/detectors/read-prompt';
import { tokenizerOf } from '../../../src/text/bert-tokenizer';
import '../../../src/text/read-text-model';

const reader = () => ({ tokenizer: tokenizerOf('test/golden/tiny-bert'), maxTokens: 32, closed: true });

test('names, in one caption or in parts', () => {
  const text = ['cat', 'hot_dog', 'bus'];
  expect(readPrompt({ text }, reader())).toEqual([
    { caption: 'cat. hot dog. bus. ', entities: ['cat', 'hot dog', 'bus'], tokens: [[1], [3, 4], [6]] },
  ]);
  expect(readPrompt({ text }, reader(), 2).map(({ caption }) => caption)).toEqual(['cat. hot dog. ', 'bus. ']);
  expect(readPrompt({ text: 'cat . bus' }, { ...reader(), closed: false })[0].caption).toBe('cat. bus');
  expect(() => readPrompt({ text: ' . ' }, reader())).toThrow(/expected names of objects/);
});

test('a caption with its phrases, or as a whole', () => {
  const [phrases] = readPrompt({ text: 'red cat', tokensPositive: [[[4, 7]]] }, reader());
  expect(phrases).toEqual({ caption: 'red cat. ', entities: ['cat'], tokens: [[2]] });
  expect(readPrompt({ text: 'red cat', tokensPositive: -1 }, reader())).toEqual([
    { caption: 'red cat. ', entities: ['red cat. '] },
  ]);
});

test('in training, of each object', () => {
  const labels = Int32Array.of(1, 0, 1);
  expect(readTrainingPrompt({ text: ['cat', 'hot dog'] }, labels, reader())).toEqual({
    caption: 'cat. hot dog. ',
    tokens: [[3, 4], [1], [3, 4]],
  });
  expect(
    readTrainingPrompt({ text: 'cat. ', tokensPositive: { 5: [[0, 3]] } }, Int32Array.of(5), reader()).tokens,
  ).toEqual([[1]]);
  expect(() => readTrainingPrompt({ text: ['cat'] }, labels, reader())).toThrow(/a box with label 1/);
  expect(() => readTrainingPrompt({ text: 'cat', tokensPositive: -1 }, labels, reader())).toThrow(/without the parts/);
});
