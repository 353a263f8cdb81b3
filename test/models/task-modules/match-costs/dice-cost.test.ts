import { expect, test } from 'vitest';
import { buildCost, imgShape, predictions, testMaskCosts, truths } from './cases';

testMaskCosts('DiceCost');

test('without masks it says what is missing', () => {
  expect(() => buildCost({ type: 'DiceCost' }).cost(predictions, truths, imgShape)).toThrow(/no predicted masks/);
});
