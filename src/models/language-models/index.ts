// The models that encode the text of detectors on text, in one explicit list.

import type { AnyDefinition } from '../../catalogue/registry';
import { bertModelDefinition } from './bert-model';

export const languageModels = [bertModelDefinition] as const satisfies readonly AnyDefinition[];
