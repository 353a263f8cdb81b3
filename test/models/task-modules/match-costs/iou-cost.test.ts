import { testCost } from './cases';

testCost('cost.giou', { type: 'IoUCost', iou_mode: 'giou', weight: 2 });
