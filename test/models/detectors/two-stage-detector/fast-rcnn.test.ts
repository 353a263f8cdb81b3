// Fast R-CNN, whose proposals come with the data, against MMDetection's.

import { beforeAll } from 'vitest';
import { startEngine } from '../../../../src/engine';
import { testSmallModels } from '../check-two-stage';

beforeAll(async () => void (await startEngine()));

testSmallModels('fast');
