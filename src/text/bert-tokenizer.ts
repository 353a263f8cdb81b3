// The tokens of a text as BERT reads it (WordPiece; Devlin et al., NAACL 2019), and which of them covers a character. Words and
// pieces are found by Hugging Face's tokenizers; characters are normalised one by one, as their compiled library does it, so
// that each piece is known to come from characters of the text. Positions are in code points, as in Python.

/// <reference path="./tokenizers.d.ts" />
import { Tokenizer } from '@huggingface/tokenizers';
import { DetLabError } from '../errors';
import { type TextModelFiles, textModelFiles } from './text-model-files';

export interface EncodedText {
  /** With [CLS] before the first and [SEP] after the last. */
  ids: number[];
  /** Index of the token that covers a character; undefined for white space and beyond the text. */
  tokenAt(character: number): number | undefined;
}

const SPECIAL = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] as const;
const UNKNOWN = '[UNK]';

export class BertTokenizer {
  readonly padId: number;
  private readonly tokenizer: Tokenizer;
  private readonly ends: { first: number; last: number };
  private readonly encoded = new Map<string, EncodedText>();

  constructor(files: TextModelFiles) {
    this.tokenizer = new Tokenizer(files.tokenizer ?? ofVocabulary(files), files.tokenizerConfig ?? {});
    this.padId = this.idOf('[PAD]');
    this.ends = { first: this.idOf('[CLS]'), last: this.idOf('[SEP]') };
  }

  /** @throws DetLabError for a token that is not in the vocabulary */
  idOf(token: string): number {
    const id = this.tokenizer.token_to_id(token);
    if (id === undefined)
      throw new DetLabError(`Cannot use the vocabulary: expected it to have the token "${token}", received none`);
    return id;
  }

  /** The pieces of a text, without [CLS] and [SEP]. */
  tokenize(text: string): string[] {
    return this.pieces(text).map(({ token }) => token);
  }

  encode(text: string): EncodedText {
    const known = this.encoded.get(text);
    if (known) return known;
    if (this.encoded.size > 64) this.encoded.clear();
    const pieces = this.pieces(text);
    const owner = new Map<number, number>();
    for (const [i, { characters }] of pieces.entries())
      for (const character of characters) if (!owner.has(character)) owner.set(character, i + 1);
    const encoded = {
      ids: [this.ends.first, ...pieces.map(({ token }) => this.idOf(token)), this.ends.last],
      tokenAt: (character: number) => owner.get(character),
    };
    this.encoded.set(text, encoded);
    return encoded;
  }

  private pieces(text: string): { token: string; characters: number[] }[] {
    const { normalizer, pre_tokenizer: splitter, model } = this.tokenizer;
    const units: string[] = [];
    const sources: number[] = [];
    for (const [source, character] of [...text].entries())
      for (const unit of normalizer ? normalizer.normalize(character) : character) {
        units.push(unit);
        sources.push(source);
      }
    const normalized = units.join('');
    const words = splitter ? splitter.pre_tokenize(normalized) : normalized.split(/\s+/);
    const pieces: { token: string; characters: number[] }[] = [];
    let at = 0;
    for (const word of words) {
      const letters = [...word];
      while (at < units.length && units[at] !== letters[0]) at++;
      let from = at;
      at += letters.length;
      for (const token of model ? model.encode([word]) : [word]) {
        const length = token === UNKNOWN ? letters.length : [...token.replace(/^##/, '')].length;
        pieces.push({ token, characters: sources.slice(from, from + length) });
        from += length;
      }
    }
    return pieces;
  }
}

/** What tokenizer.json says of a BERT model, where there is the list of its tokens alone. */
function ofVocabulary({ vocabulary, lowercase = true }: TextModelFiles): object {
  if (!vocabulary)
    throw new DetLabError('Cannot make a tokenizer: expected vocab.txt or tokenizer.json, received neither');
  const vocab = Object.fromEntries(vocabulary.map((token, id) => [token, id]));
  const special = (token: string) => ({ SpecialToken: { id: token, type_id: 0 } });
  const known = SPECIAL.filter((token) => Object.hasOwn(vocab, token));
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: known.map((content) => ({ id: vocab[content], content, ...flags })),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [special('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, special('[SEP]')],
      pair: [],
      special_tokens: Object.fromEntries(known.map((id) => [id, { id, ids: [vocab[id]], tokens: [id] }])),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: UNKNOWN,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  };
}

const tokenizers = new Map<TextModelFiles, BertTokenizer>();

/**
 * The tokenizer of a text model, by its folder or its name at Hugging Face.
 *
 * @throws DetLabError when its files are not on this machine, with where to put them
 * @example tokenizerOf('bert-base-uncased').tokenize('A zebra crossing') // a, zebra, crossing
 */
export function tokenizerOf(name: string): BertTokenizer {
  const files = textModelFiles(name);
  let tokenizer = tokenizers.get(files);
  if (!tokenizer) tokenizers.set(files, (tokenizer = new BertTokenizer(files)));
  return tokenizer;
}
