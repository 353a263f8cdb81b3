// Captions of detectors on text: names of classes joined to one caption, and where in it each name is. Positions are in code
// points. Phrases of a caption are what stands between its periods; MMDetection has NLTK find its noun phrases, whose model is
// downloaded.

/** [start, end) of a part of a caption. */
export type Span = readonly [number, number];

/** What is written around or in place of a name in the caption (`caption_prompt`). */
export interface NamePrompt {
  prefix?: string;
  name?: string;
  suffix?: string;
}

/** What a detector on text is to find in an image. */
export interface TextPrompt {
  /** A caption, or names. */
  text: string | readonly string[];
  /** The caption is a list of names with periods between them. */
  customEntities?: boolean;
  captionPrompt?: Readonly<Record<string, NamePrompt>>;
  /** Spans of the caption that describe each label; -1: the whole caption describes the objects, which have one label. */
  tokensPositive?: readonly (readonly Span[])[] | Readonly<Record<number, readonly Span[]>> | -1;
}

/** A caption as a detector reads it. */
export interface Caption {
  text: string;
  /** Names of the labels. */
  entities: string[];
  /** Spans of each of them. */
  spans: readonly (readonly Span[])[];
}

const SEPARATOR = '. ';
const lengthOf = (text: string): number => [...text].length;

/** A class name as it is written in a caption. */
export const cleanName = (name: string): string =>
  name
    .replace(/\(.*\)/g, '')
    .replaceAll('_', ' ')
    .replaceAll('  ', ' ');

/** The parts of a caption between periods. */
export const namesIn = (caption: string): string[] =>
  caption
    .split('.')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/**
 * @param closed whether the last name too is followed by a period
 * @example captionOf(['cat', 'dog'], { closed: true }).text // cat. dog.
 */
export function captionOf(
  names: readonly string[],
  { closed, prompts = {} }: { closed: boolean; prompts?: Readonly<Record<string, NamePrompt>> },
): Caption {
  let text = '';
  const spans: Span[][] = [];
  for (const [i, name] of names.entries()) {
    const { prefix = '', name: written = name, suffix = '' } = Object.hasOwn(prompts, name) ? prompts[name] : {};
    text += prefix;
    const start = lengthOf(text);
    text += written;
    spans.push([[start, lengthOf(text)]]);
    text += suffix;
    if (closed || i < names.length - 1) text += SEPARATOR;
  }
  return { text, entities: [...names], spans };
}

/** A caption with its spans as they are given, of phrases that it has. */
export function captionWithSpans(text: string, spans: readonly (readonly Span[])[]): Caption {
  const characters = [...text];
  const entities = spans.map((parts) => parts.map(([start, end]) => characters.slice(start, end).join('')).join(' / '));
  return { text, entities, spans };
}

/** A caption that ends with a period. */
export const closedCaption = (text: string): string => (text.endsWith('.') ? text : text + SEPARATOR);

/** What the labels of a prompt mean: its names, its phrases, or the caption as a whole. */
export function entitiesOf({ text, tokensPositive }: TextPrompt): string[] {
  if (typeof text !== 'string') return text.map(cleanName);
  if (tokensPositive === -1) return [text];
  return tokensPositive === undefined
    ? namesIn(text).map(cleanName)
    : captionWithSpans(text, Object.values(tokensPositive)).entities;
}
