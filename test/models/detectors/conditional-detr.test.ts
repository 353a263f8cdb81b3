// ConditionalDETR against MMDetection's.

import { beforeAll } from 'vitest';
import { startEngine } from '../../../src/engine';
import { testModels } from './check-detr-family';

beforeAll(async () => void (await startEngine()));

testModels('conditional');
