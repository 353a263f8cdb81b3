// Tokens of BERT against Hugging Face's compiled tokenizers (generate/text_tokens.py).

import { expect, test } from 'vitest';
import { BertTokenizer, tokenizerOf } from '../../src/text/bert-tokenizer';
import '../../src/text/read-text-model';
import { goldenJson } from '../golden-data';

interface Expected {
  text: string;
  ids: number[];
  tokens: (number | null)[];
  pieces: string[];
}
const tokenizer = () => tokenizerOf('test/golden/tiny-bert');

test.each(goldenJson<Expected[]>('text_tokens'))('$text', ({ text, ids, tokens, pieces }) => {
  const encoded = tokenizer().encode(text);
  expect(encoded.ids).toEqual(ids);
  expect([...text].map((_, i) => encoded.tokenAt(i) ?? null)).toEqual(tokens);
  expect(tokenizer().tokenize(text)).toEqual(pieces);
});

test('a vocabulary without the special tokens is refused', () => {
  expect(() => new BertTokenizer({ vocabulary: ['[UNK]', 'cat'] })).toThrow('expected it to have the token "[PAD]"');
  expect(() => new BertTokenizer({})).toThrow('expected vocab.txt or tokenizer.json');
});
