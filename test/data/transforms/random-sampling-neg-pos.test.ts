// RandomSamplingNegPos and LoadTextAnnotations: captions of names.

import { expect, test } from 'vitest';
import { LoadTextAnnotations } from '../../../src/data/transforms/load-text-annotations';
import { RandomSamplingNegPos } from '../../../src/data/transforms/random-sampling-neg-pos';
import type { Transform } from '../../../src/data/transforms/sample';
import { sampleOf } from '../../../src/data/transforms/sample';
import type { ImagePrompt } from '../../../src/data/types';
import { Random } from '../../../src/random';
import '../../../src/text/read-text-model';

const labelMap = { 0: 'Person', 1: 'hot dog', 2: 'car/bus', 3: 'cat', 4: 'traffic light' };
function sample(prompt?: ImagePrompt) {
  const truths = {
    bboxes: Float32Array.of(0, 0, 9, 9, 5, 5, 20, 20, 1, 1, 4, 4),
    labels: Int32Array.of(3, 1, 3),
    ignored: new Uint8Array(3),
  };
  const record = {
    id: 1,
    path: 'a.jpg',
    width: 32,
    height: 24,
    truths,
    areas: new Float32Array(3),
    annotationIds: [1, 2, 3],
  };
  return { ...sampleOf({ ...record, ...(prompt && { prompt }) }), truths };
}
const build = (options: object): Transform =>
  RandomSamplingNegPos.build(
    RandomSamplingNegPos.options.parse({ tokenizer_name: 'test/golden/tiny-bert', ...options }),
    { path: '' } as never,
  );

test.each([0, 1, 2])('names of objects and of others, labels by place (seed %i)', async (seed) => {
  const made = await build({ full_sampling_prob: 1 })(sample({ text: '', labelMap }), Random.seeded(seed));
  const { text, tokensPositive } = made!.prompt as { text: string; tokensPositive: Record<number, [number, number][]> };
  const names = text.split('. ').slice(0, -1);
  expect([...names].sort().map((name) => name.replace('bus', 'car'))).toEqual([
    'car',
    'cat',
    'hot dog',
    'person',
    'traffic light',
  ]);
  const labels = [...made!.truths!.labels];
  expect(labels.map((label) => names[label])).toEqual(['cat', 'hot dog', 'cat']);
  for (const [place, [[start, end]]] of Object.entries(tokensPositive))
    expect(text.slice(start, end)).toBe(names[Number(place)]);
  expect(Object.keys(tokensPositive).map(Number).sort()).toEqual([...new Set(labels)].sort());
});

test('a caption has at most max_tokens; boxes whose names do not fit are left out', async () => {
  const made = await build({ max_tokens: 2 })(sample({ text: '', labelMap }), Random.seeded(4));
  expect(made!.prompt!.text).toBe('cat. ');
  expect([...made!.truths!.labels]).toEqual([0, 0]);
});

test('a caption with phrases stays, in lower case with a period', async () => {
  const prompt = { text: ' A Cat ', tokensPositive: { 3: [[0, 5] as const] } };
  const made = await build({})(sample(prompt), Random.seeded(0));
  expect(made!.prompt).toEqual({ ...prompt, text: 'a cat. ' });
});

test('without names it says what to do', async () => {
  expect(() => build({})(sample(), Random.seeded(0))).toThrow(/Use an ODVGDataset with label_map_file/);
  expect(() => build({ label_map_file: 'no.json' })).toThrow(/Cannot read the map of names "no.json"/);
});

test('LoadTextAnnotations: all names, or all phrases', async () => {
  const load = LoadTextAnnotations.build({}, { path: '' } as never);
  const named = await load(sample({ text: '', labelMap }), Random.seeded(0));
  expect(named!.prompt).toEqual({ text: Object.values(labelMap), customEntities: true });
  const phrases = await load(sample({ text: 'a cat', tokensPositive: { 2: [[0, 5]] } }), Random.seeded(0));
  expect(phrases!.prompt!.tokensPositive).toEqual([[[0, 5]]]);
});
