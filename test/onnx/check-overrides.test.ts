// Every dense head says for a graph what it does itself: a method that one overrides alone is a refusal to save it.

import { beforeAll, expect, test } from 'vitest';
import { plainBackend } from '../../src/engine';
import { buildDetector } from '../../src/models/build';
import { DenseHead } from '../../src/models/dense-heads/dense-head';
import { checkOverrides } from '../../src/onnx/check-overrides';
import { type AnyDenseHead, checkHead } from '../../src/onnx/dense-candidates';
import { DENSE } from './dense-detectors';
import { MASKED } from './masked-detectors';

beforeAll(plainBackend);

// its head has peaks of a heat map, and no candidates
const { CenterNet: _, ...others } = DENSE;
test.each(Object.entries({ ...others, ...MASKED }))('%s', (_, config) => {
  const model = buildDetector(structuredClone(config), { numClasses: 3 });
  const heads = [...model.modules()].flatMap(([, part]) => (part instanceof DenseHead ? [part as AnyDenseHead] : []));
  expect(heads.length).toBeGreaterThan(0);
  for (const head of heads) checkHead(head, true);
  model.dispose();
});

test('a method that is overridden without its description is refused, by both names', () => {
  class Part {
    decode(): number {
      return 1;
    }
    decodedBoxes(): number {
      return 1;
    }
  }
  class Whole extends Part {
    override decode(): number {
      return 2;
    }
    override decodedBoxes(): number {
      return 2;
    }
  }
  class Half extends Whole {
    override decode(): number {
      return 3;
    }
  }
  const pairs = [['decode', 'decodedBoxes']] as const;
  for (const part of [new Part(), new Whole()]) expect(() => checkOverrides(part, pairs)).not.toThrow();
  expect(() => checkOverrides(new Half(), pairs)).toThrow(/Half has a decode of its own.*Override decodedBoxes too/);
});
