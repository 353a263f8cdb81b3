import { testCost, testMaskCosts } from './cases';

testCost('cost.focal', { type: 'FocalLossCost', weight: 2 });
testMaskCosts('FocalLossCost');
