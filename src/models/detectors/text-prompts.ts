// What detectors on text share: the prompts of a batch, read and encoded; those of classes where a sample has none.

import type { PackedSample } from '../../data/types';
import { DetLabError } from '../../errors';
import type { TextPrompt } from '../../text/prompts';
import type { LanguageModel } from '../language-models/bert-model';
import { type PromptReader, type ReadPrompt, readPrompt, readTrainingPrompt } from './read-prompt';

export class TextPrompts {
  /** What is looked for in images without a prompt. */
  classNames?: readonly string[];

  constructor(
    private readonly model: LanguageModel,
    private readonly options: Pick<PromptReader, 'closed' | 'maxTokens'> & { chunk: number },
  ) {}

  private get reader(): PromptReader {
    const { closed, maxTokens } = this.options;
    return { tokenizer: this.model.tokenizer, closed, maxTokens };
  }

  private of({ prompt, meta }: PackedSample): TextPrompt {
    const found = prompt ?? (this.classNames && { text: this.classNames, customEntities: true });
    if (found) return found;
    throw new DetLabError(
      `Cannot detect in "${meta.imgPath}": it has no text, and the model no class names. Give predict a text, or the model classes`,
    );
  }

  /** Captions of training samples, and the words of each of their objects; ignored boxes have none. */
  training(samples: readonly PackedSample[]): { captions: string[]; positives: number[][][] } {
    const read = samples.map((sample) => {
      const { labels, ignored } = sample.truths;
      const objects = labels.filter((_, i) => ignored[i] === 0);
      return readTrainingPrompt(this.of(sample), objects, this.reader);
    });
    return { captions: read.map(({ caption }) => caption), positives: read.map(({ tokens }) => tokens) };
  }

  /** Prompts of images, in turn: one for each image; of an image whose names are read in parts, as many as there are. */
  prediction(samples: readonly PackedSample[]): ReadPrompt[][] {
    return samples.map((sample) => readPrompt(this.of(sample), this.reader, this.options.chunk));
  }
}
