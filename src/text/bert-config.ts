// The sizes of a BERT model: those of its config.json, or of published models whose files need not be there to build one.

import { z } from 'zod';
import { DetLabError, nearest } from '../errors';
import { findTextModel, textModelFiles } from './text-model-files';

const size = z.int().positive();
const rate = z.number().min(0).lt(1);
const schema = z.object({
  model_type: z.literal('bert', { error: 'expected a BERT model' }).default('bert'),
  vocab_size: size.default(30522),
  hidden_size: size.default(768),
  num_hidden_layers: size.default(12),
  num_attention_heads: size.default(12),
  intermediate_size: size.default(3072),
  hidden_act: z.literal('gelu', { error: 'expected gelu' }).default('gelu'),
  hidden_dropout_prob: rate.default(0.1),
  attention_probs_dropout_prob: rate.default(0.1),
  max_position_embeddings: size.default(512),
  type_vocab_size: size.default(2),
  initializer_range: z.number().positive().default(0.02),
  layer_norm_eps: z.number().positive().default(1e-12),
  pad_token_id: z.int().min(0).default(0),
  position_embedding_type: z.literal('absolute', { error: 'expected absolute' }).default('absolute'),
});
export type BertConfig = z.output<typeof schema>;

const LARGE = { hidden_size: 1024, num_hidden_layers: 24, num_attention_heads: 16, intermediate_size: 4096 };
const PUBLISHED: Record<string, Partial<BertConfig>> = {
  'bert-base-uncased': {},
  'bert-base-cased': { vocab_size: 28996 },
  'bert-base-multilingual-cased': { vocab_size: 119547 },
  'bert-base-chinese': { vocab_size: 21128 },
  'bert-large-uncased': LARGE,
  'bert-large-cased': { ...LARGE, vocab_size: 28996 },
};

/** Whether a name is one that Hugging Face publishes, with or without its owner's. */
export const isPublished = (name: string): boolean => Object.hasOwn(PUBLISHED, name.replace(/^google-bert\//, ''));

/**
 * @throws DetLabError for a name that is neither a folder nor published, and for another kind of model
 * @example bertConfigOf('bert-base-uncased').hidden_size // 768
 */
export function bertConfigOf(name: string): BertConfig {
  const given = findTextModel(name)?.config ?? PUBLISHED[name.replace(/^google-bert\//, '')];
  if (!given) {
    const near = nearest(name, Object.keys(PUBLISHED));
    if (near === undefined) textModelFiles(name);
    throw new DetLabError(
      `Cannot read the text model "${name}": there is no folder of that name with a config.json. Did you mean "${near}"?`,
    );
  }
  const { success, data, error } = schema.safeParse(given);
  if (success) return data;
  const [{ path, message }] = error.issues;
  throw new DetLabError(`Cannot use the text model "${name}": ${path.join('.')} of its config.json: ${message}`);
}
