// From the prompt of an image to the caption that a detector on text reads, and to the words of its labels.

import { DetLabError } from '../../errors';
import type { BertTokenizer } from '../../text/bert-tokenizer';
import { positiveTokens } from '../../text/positive-map';
import {
  type Caption,
  captionOf,
  captionWithSpans,
  cleanName,
  closedCaption,
  namesIn,
  type Span,
  type TextPrompt,
} from '../../text/prompts';

export interface ReadPrompt {
  caption: string;
  /** Names of the labels. */
  entities: string[];
  /** The words of each label; undefined where the whole caption is meant. */
  tokens?: number[][];
}

export interface PromptReader {
  tokenizer: BertTokenizer;
  maxTokens: number;
  /** Whether the last name too ends with a period (Grounding DINO; not GLIP). */
  closed: boolean;
}

/** Names that a prompt lists, or the phrases of its caption. */
const namesOf = ({ text }: TextPrompt): string[] => (typeof text === 'string' ? namesIn(text) : text).map(cleanName);

/** @throws DetLabError for a prompt without a name */
function captionOfNames(names: string[], { captionPrompt }: TextPrompt, closed: boolean): Caption {
  if (names.length === 0)
    throw new DetLabError('Cannot read the text: expected names of objects, such as "cat . dog", received none');
  return captionOf(names, { closed, prompts: captionPrompt });
}

const read = ({ text, entities, spans }: Caption, { tokenizer, maxTokens }: PromptReader): ReadPrompt => ({
  caption: text,
  entities,
  tokens: positiveTokens(tokenizer.encode(text), spans, maxTokens),
});

/** Of a prediction: several captions where names are read `chunk` at a time. */
export function readPrompt(prompt: TextPrompt, reader: PromptReader, chunk = 0): ReadPrompt[] {
  const { text, tokensPositive } = prompt;
  if (tokensPositive !== undefined && typeof text === 'string') {
    const caption = closedCaption(text);
    if (tokensPositive === -1) return [{ caption, entities: [caption] }];
    return [read(captionWithSpans(caption, Object.values(tokensPositive)), reader)];
  }
  const names = namesOf(prompt);
  const size = chunk > 0 ? chunk : Math.max(names.length, 1);
  const parts = Array.from({ length: Math.max(1, Math.ceil(names.length / size)) }, (_, i) =>
    names.slice(i * size, (i + 1) * size),
  );
  return parts.map((part) => read(captionOfNames(part, prompt, reader.closed), reader));
}

/**
 * Of a training sample: its caption, and the words of each ground-truth box.
 *
 * @throws DetLabError for a label that the prompt does not describe
 */
export function readTrainingPrompt(
  prompt: TextPrompt,
  labels: Int32Array,
  reader: PromptReader,
): { caption: string; tokens: number[][] } {
  const { tokensPositive, text } = prompt;
  const given = tokensPositive !== undefined && typeof text === 'string';
  if (tokensPositive === -1)
    throw new DetLabError(
      'Cannot train on a caption without the parts that describe its objects (tokens_positive: -1)',
    );
  const caption = given ? { text, spans: tokensPositive } : captionOfNames(namesOf(prompt), prompt, reader.closed);
  const spans = Array.from(labels, (label): readonly Span[] => {
    const parts = (caption.spans as Readonly<Record<number, readonly Span[]>>)[label];
    if (parts) return parts;
    throw new DetLabError(
      `Cannot train on a box with label ${label}: the text "${caption.text}" does not say what describes it`,
    );
  });
  const tokens = positiveTokens(reader.tokenizer.encode(caption.text), spans, reader.maxTokens);
  return { caption: caption.text, tokens };
}
