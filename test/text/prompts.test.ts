// Captions of names, and the tokens that describe each.

import { expect, test } from 'vitest';
import { tokenizerOf } from '../../src/text/bert-tokenizer';
import { positiveTokens } from '../../src/text/positive-map';
import { captionOf, captionWithSpans, cleanName, closedCaption, entitiesOf, namesIn } from '../../src/text/prompts';
import '../../src/text/read-text-model';

test('names become a caption, with a period after the last or without', () => {
  const names = ['hot_dog', 'cell (white)'].map(cleanName);
  expect(names).toEqual(['hot dog', 'cell ']);
  expect(captionOf(names, { closed: true })).toEqual({
    text: 'hot dog. cell . ',
    entities: names,
    spans: [[[0, 7]], [[9, 14]]],
  });
  expect(captionOf(['cat', 'dog'], { closed: false }).text).toBe('cat. dog');
});

test('a name may be written otherwise, between a prefix and a suffix', () => {
  const prompts = { penguin: { prefix: 'a ', suffix: ', black and white' }, rabbit: { name: 'hare' } };
  const caption = captionOf(['penguin', 'rabbit', 'toString'], { closed: true, prompts });
  expect(caption.text).toBe('a penguin, black and white. hare. toString. ');
  expect(caption.spans).toEqual([[[2, 9]], [[28, 32]], [[34, 42]]]);
});

test('phrases of a caption, its entities, its period', () => {
  expect(namesIn(' a dog . a cat.. ')).toEqual(['a dog', 'a cat']);
  expect(entitiesOf({ text: 'a dog . a cat' })).toEqual(['a dog', 'a cat']);
  expect(entitiesOf({ text: 'the man left', tokensPositive: -1 })).toEqual(['the man left']);
  expect(
    captionWithSpans('😀 red cat', [
      [
        [2, 5],
        [6, 9],
      ],
    ]).entities,
  ).toEqual(['red / cat']);
  expect([closedCaption('a cat'), closedCaption('a cat.')]).toEqual(['a cat. ', 'a cat.']);
});

test('tokens of spans: white space belongs to its neighbours, words beyond the end to nobody', () => {
  const encoded = tokenizerOf('test/golden/tiny-bert').encode('hot dog. cat ');
  expect(
    positiveTokens(
      encoded,
      [
        [[0, 7]],
        [[8, 13]],
        [[20, 25]],
        [
          [0, 3],
          [9, 12],
        ],
      ],
      256,
    ),
  ).toEqual([[1, 2], [4], [], [1, 4]]);
  expect(positiveTokens(encoded, [[[0, 7]]], 2)).toEqual([[1]]);
});
