// YOLOv5KeepRatioResize against MMYOLO's.

import { it } from 'vitest';
import { casesNamed, checkSteps } from './golden-cases';

it.each(casesNamed(/^keep_ratio/))('%s', checkSteps);
