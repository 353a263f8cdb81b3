// What is used of Hugging Face's tokenizers, whose own types are those of its ES module alone, while `require` finds another.

declare module '@huggingface/tokenizers' {
  export class Tokenizer {
    constructor(tokenizer: object, config: object);
    readonly normalizer: { normalize(text: string): string } | null;
    readonly pre_tokenizer: { pre_tokenize(text: string): string[] } | null;
    readonly model: { encode(words: string[]): string[] } | null;
    token_to_id(token: string): number | undefined;
  }
}
