import { tensorflowMissing } from '../../../src/engine/tensorflow';
import { conformance } from './suite';

conformance('tensorflow', tensorflowMissing());
