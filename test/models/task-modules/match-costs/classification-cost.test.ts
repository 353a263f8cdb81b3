import { testCost } from './cases';

testCost('cost.cls', { type: 'ClassificationCost', weight: 1 });
