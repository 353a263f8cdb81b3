// What is read of a text model: its vocabulary and its sizes. A seam: Node reads folders (read-text-model.ts), a browser
// is given what it needs.

import { DetLabError } from '../errors';

/** The files of a model as Hugging Face's `save_pretrained` writes them. */
export interface TextModelFiles {
  /** config.json. */
  config?: Record<string, unknown>;
  /** vocab.txt, a token a line. */
  vocabulary?: readonly string[];
  /** `do_lower_case` of tokenizer_config.json. */
  lowercase?: boolean;
  /** tokenizer.json, in place of the vocabulary. */
  tokenizer?: object;
  tokenizerConfig?: object;
  /** model.safetensors or pytorch_model.bin. */
  weights?: string;
}

/** @returns undefined where no folder of that name is found */
export type TextModelReader = (name: string) => { files?: TextModelFiles; looked: string[] };

let reader: TextModelReader = () => ({ looked: [] });

export function installTextModelReader(given: TextModelReader): void {
  reader = given;
}

/** The files of a model, or undefined. */
export const findTextModel = (name: string): TextModelFiles | undefined => reader(name).files;

/** @throws DetLabError when they are not there, with where they are looked for */
export function textModelFiles(name: string): TextModelFiles {
  const { files, looked } = reader(name);
  if (files) return files;
  const places = looked.map((place) => `"${place}"`).join(', ');
  throw new DetLabError(
    `Cannot read the text model "${name}": expected a folder with its vocab.txt and config.json, found none` +
      `${places === '' ? '' : ` at ${places}`}. Put them there, or set language_model.name to the path of the folder`,
  );
}
