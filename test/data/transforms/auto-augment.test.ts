// The augmentations of AutoAugment and RandAugment against MMDetection's, for the numbers they drew.

import { it } from 'vitest';
import { replay, replayedCases } from './replayed';

it.each(replayedCases(/^(colour|geometric|policy|erasing|resize|crop|ppyoloe)_/))('%s', replay);
