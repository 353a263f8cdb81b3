// FilterAnnotations against MMDetection's.

import { it } from 'vitest';
import { casesNamed, checkSteps } from './golden-cases';

it.each(casesNamed(/^filter/))('%s', checkSteps);
