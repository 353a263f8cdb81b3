// DABDETR against MMDetection's.

import { beforeAll } from 'vitest';
import { startEngine } from '../../../src/engine';
import { testModels } from './check-detr-family';

beforeAll(async () => void (await startEngine()));

testModels('dab', 'dab with learned scales, patterns and kept positions', 'dab with points and one scale');
