import { expect, test } from 'vitest';
import { buildCost, imgShape, predictions, testMaskCosts, truths } from './cases';

testMaskCosts('BinaryFocalLossCost');

test('without tokens it says what is missing', () => {
  const cost = buildCost({ type: 'BinaryFocalLossCost' });
  expect(() => cost.cost(predictions, truths, imgShape)).toThrow(/FocalLossCost/);
});
