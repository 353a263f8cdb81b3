import { testCost } from './cases';

testCost('cost.l1', { type: 'BBoxL1Cost', weight: 5, box_format: 'xywh' });
