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

export interface TextFiles {
  model: TextModelReader;
  /** The value of a JSON file, such as a map of names. @throws Error when there is none */
  json(file: string): unknown;
}

let installed: TextFiles = {
  model: () => ({ looked: [] }),
  json: (file) => {
    throw new DetLabError(`Cannot read "${file}": there are no files here`);
  },
};

export function installTextFiles(given: TextFiles): void {
  installed = given;
}

export const readTextJson = (file: string): unknown => installed.json(file);

/** The files of a model, or undefined. */
export const findTextModel = (name: string): TextModelFiles | undefined => installed.model(name).files;

/** @throws DetLabError when they are not there, with where they are looked for */
export function textModelFiles(name: string): TextModelFiles {
  const { files, looked } = installed.model(name);
  if (files) return files;
  const places = looked.map((place) => `"${place}"`).join(', ');
  throw new DetLabError(
    `Cannot read the text model "${name}": expected a folder with its vocab.txt and config.json, found none` +
      `${places === '' ? '' : ` at ${places}`}. Put them there, or set language_model.name to the path of the folder`,
  );
}
