// RandomSamplingNegPos: a caption of names for each image, those of its objects and some of other classes, in random order (Zhao
// et al., MM Grounding DINO, 2024). Labels become places in the caption. Captions with phrases of their own stay. MMDetection
// compares labels with their text, so that it may draw the class of an object again as one that is absent; here it is not drawn.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { Random } from '../../random';
import { type BertTokenizer, tokenizerOf } from '../../text/bert-tokenizer';
import { type LabelMap, labelMapOf } from '../../text/label-map';
import { cleanName, type Span } from '../../text/prompts';
import { readTextJson } from '../../text/text-model-files';
import { takeInstances } from '../instances';
import type { ImagePrompt } from '../types';
import { type Sample, type Transform, truthsOf } from './sample';

const options = z.strictObject({
  tokenizer_name: z
    .string()
    .min(1)
    .describe('Text model whose tokens are counted: a folder, or a name at Hugging Face'),
  num_sample_negative: z.int().min(0).default(85).describe('Most names that are drawn besides those of the objects'),
  max_tokens: z.int().positive().default(256).describe('Most tokens of a caption'),
  full_sampling_prob: z.number().min(0).max(1).default(0.5).describe('Probability of drawing the most names'),
  label_map_file: z
    .string()
    .nullish()
    .describe('JSON file of the names of labels, for a dataset without: { "0": "person", ... }'),
});
type Options = z.output<typeof options>;

const spoken = (name: string): string => cleanName(name).toLowerCase();

export const RandomSamplingNegPos = defineModule({
  kind: 'transform',
  type: 'RandomSamplingNegPos',
  summary: 'A caption of the names of the objects and of some other classes, in random order',
  paper: 'Zhao et al., An Open and Comprehensive Pipeline for Unified Object Grounding and Detection, 2024',
  shapes: 'sample -> the same with a text, and labels that count its names',
  example: "{ type: 'RandomSamplingNegPos', tokenizer_name: 'bert-base-uncased', num_sample_negative: 85 }",
  options,
  build: (given): Transform => {
    const file = given.label_map_file;
    const labels = file ? readLabelMap(file) : undefined;
    return (sample, random) => {
      const { prompt } = sample;
      if (prompt && !prompt.labelMap && typeof prompt.text === 'string') return withCaption(sample, prompt);
      const map = prompt?.labelMap ?? labels;
      if (map) return new CaptionSampler(given, tokenizerOf(given.tokenizer_name), random).apply(sample, map);
      throw new DetLabError(
        `Cannot run RandomSamplingNegPos on "${sample.record.path}": its dataset has no map of names. Use an ODVGDataset with label_map_file, or give RandomSamplingNegPos one`,
      );
    };
  },
});

/** A caption in lower case, with a period at its end; its phrases stay where they are. */
function withCaption(sample: Sample, prompt: ImagePrompt): Sample {
  const text = String(prompt.text).toLowerCase().trim();
  sample.prompt = { ...prompt, text: text.endsWith('.') ? text : `${text}. ` };
  return sample;
}

class CaptionSampler {
  constructor(
    private readonly options: Options,
    private readonly tokenizer: BertTokenizer,
    private readonly random: Random,
  ) {}

  apply(sample: Sample, map: LabelMap): Sample {
    const names = this.oneNameEach(map);
    const truths = truthsOf(sample);
    const { kept, length } = this.fitting(this.shuffled([...new Set(truths.labels)]), names);
    const others = this.others(kept, names, this.options.max_tokens - length);
    const order = this.shuffled([...others, ...kept]);
    const places = new Map(order.map((label, place) => [label, place]));
    const objects = [...truths.labels.keys()].filter((i) => kept.includes(truths.labels[i]));
    const taken = takeInstances(truths, objects);
    sample.truths = { ...taken, labels: taken.labels.map((label) => places.get(label)!) };
    sample.prompt = { ...captionOfLabels(order, new Set(kept), names) };
    return sample;
  }

  private shuffled<T>(values: readonly T[]): T[] {
    return Array.from(this.random.permutation(values.length), (i) => values[i]);
  }

  /** Of names such as "cup/mug", one. */
  private oneNameEach(map: LabelMap): LabelMap {
    const one = ([label, name]: [string, string]) => {
      const parts = name.split('/').map((part) => part.trim());
      return [label, parts.length > 1 ? parts[this.random.integer(parts.length)] : name];
    };
    return Object.fromEntries(Object.entries(map).map(one));
  }

  private tokens(name: string): number {
    return this.tokenizer.tokenize(`${spoken(name)}. `).length;
  }

  /** Labels whose names are at most max_tokens long together. */
  private fitting(labels: readonly number[], names: LabelMap): { kept: number[]; length: number } {
    const kept: number[] = [];
    let length = 0;
    for (const label of labels) {
      const name = names[label];
      if (name === undefined)
        throw new DetLabError(`Cannot run RandomSamplingNegPos: the map of names has none for label ${label}`);
      const more = this.tokens(name);
      if (length + more > this.options.max_tokens) break;
      length += more;
      kept.push(label);
    }
    return { kept, length };
  }

  /** Labels of classes that the image lacks. */
  private others(objects: readonly number[], names: LabelMap, tokens: number): number[] {
    const all = Object.keys(names).map(Number);
    const most = Math.min(this.options.num_sample_negative, all.length);
    const isFull = this.random.uniform() < this.options.full_sampling_prob;
    const count = isFull ? most : Math.min(this.random.integer(Math.max(1, most)) + 1, all.length);
    const drawn = Array.from(this.random.permutation(all.length, count), (i) => all[i]);
    const others: number[] = [];
    let left = tokens;
    for (const label of drawn) {
      if (objects.includes(label)) continue;
      left -= this.tokens(names[label]);
      if (left <= 0) break;
      others.push(label);
    }
    return others;
  }
}

/** The caption, and where in it the names of objects are, by their place. */
function captionOfLabels(order: readonly number[], objects: ReadonlySet<number>, names: LabelMap): ImagePrompt {
  const tokensPositive: Record<number, Span[]> = {};
  let text = '';
  for (const [place, label] of order.entries()) {
    const name = spoken(names[label]);
    const start = [...text].length;
    if (objects.has(label)) tokensPositive[place] = [[start, start + [...name].length]];
    text += `${name}. `;
  }
  return { text, tokensPositive };
}

function readLabelMap(file: string): LabelMap {
  let map: unknown;
  try {
    map = readTextJson(file);
  } catch (error) {
    throw new DetLabError(`Cannot read the map of names "${file}": ${(error as Error).message}`);
  }
  return labelMapOf(map, file);
}
