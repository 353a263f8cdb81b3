// Entries of results files read from their bytes: as JSON.parse gives them, or not at all.

import { expect, it } from 'vitest';
import { readResultsBytes } from '../../src/evaluation/coco-results-bytes';
import { type CompressedRle, countsFromString } from '../../src/masks';

const read = (text: string) => {
  const bytes = Buffer.from(`${text}\0`);
  return readResultsBytes(bytes, bytes.length - 1);
};

const SAME = [
  '[]',
  ' [ ] ',
  '[{}]',
  '[{"image_id":1,"category_id":2,"bbox":[1.5,2,-3e1,4],"score":0.25}]',
  '[{"image_id": "a.jpg", "category_id" :18,"bbox": [ 1 , 2,3, 4 ] , "score":1e-7}, {"image_id":0.1, "score":null}]\n',
  '[{"image_id":1,"file_name":"\\u00e9\\"b","category_id":2,"bbox":[1,2,3],"score":"0.5","id":[{"a":1}]}]',
  '[{"image_id":1,"image_id":2,"\\u0073core":3,"__proto__":4}]',
  '[{"segmentation":[[1,2,3,4,5,6]]},{"segmentation":{"size":[2,3],"counts":[2,2,2]}},{"segmentation":null}]',
  '[{"segmentation":{"size":[2,3]}},{"segmentation":{"counts":"222","size":[2]}},{"segmentation":{"counts":"2","size":[2,3],"a":1}}]',
  '[{"score":12345678901234567890,"image_id":-0}]',
];

it.each(SAME)('%s is what JSON.parse makes of it', (text) => {
  expect(read(text)).toEqual(JSON.parse(text));
  expect(read(`\ufeff${text}`)).toEqual(JSON.parse(text));
});

it.each([
  '',
  '{}',
  'null',
  '[',
  '[1]',
  '[{]',
  '[{}',
  '[{},]',
  '[{}] 1',
  '[{"a"}]',
  '[{"score":01}]',
  '[{"score":NaN}]',
  '[{"segmentation":{"size":[2,3],"counts":"22}]',
  '[{"segmentation":{"size":[2,3],"counts":"22\\"}]',
])('%s is left to the parser', (text) => {
  expect(read(text)).toBeUndefined();
});

it('compressed masks stay in the bytes, without their escapes', () => {
  const texts = ['222', 'n\\\\1', '\\\\\\\\1', '\\u0032\\u005c1', '2\\n', '2\\u1234'];
  const entries = read(`[${texts.map((text) => `{"segmentation":{"size":[2,3],"counts":"${text}"}}`).join(',')}]`)!;
  for (const [i, { segmentation }] of entries.entries()) {
    const { bytes, from, to, height, width } = segmentation as CompressedRle;
    const text = Buffer.from(bytes.subarray(from, to)).toString('latin1');
    expect([height, width]).toEqual([2, 3]);
    if (i < 4) expect(text).toBe(JSON.parse(`"${texts[i]}"`));
    else expect(() => countsFromString(text)).toThrow(/expected a character from "0" to "o" at position 2 of 2/);
  }
});
