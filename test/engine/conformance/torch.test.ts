import { torchMissing } from '../../../src/engine/torch';
import { conformance } from './suite';

conformance('torch', torchMissing());
