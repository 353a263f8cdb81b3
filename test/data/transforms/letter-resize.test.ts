// LetterResize against MMYOLO's.

import { it } from 'vitest';
import { casesNamed, checkSteps } from './golden-cases';

it.each(casesNamed(/^letter/))('%s', checkSteps);
