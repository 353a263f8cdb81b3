#!/bin/sh
# @huggingface/tokenizers 0.2.0 (JavaScript) beside tokenizers 0.21.0 (the compiled library), BERT's lower-casing normaliser on a
# Greek word that ends in a capital sigma.
# Expected: the same tokens from one tokenizer.json, whichever of Hugging Face's two libraries reads it.
# Happens: the compiled library lowers character by character and gives σ; the JavaScript one lowers the whole string, where a
# final sigma becomes ς, so that the tokens and their ids differ.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > tokenizer.json <<'JSON'
{
  "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "post_processor": null, "decoder": null,
  "normalizer": { "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true },
  "pre_tokenizer": { "type": "BertPreTokenizer" },
  "model": { "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
    "vocab": { "[UNK]": 0, "ο": 1, "##δ": 2, "##ο": 3, "##σ": 4, "##ς": 5 } }
}
JSON
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @huggingface/tokenizers@0.2.0
python3 -m venv v
v/bin/pip install -q --disable-pip-version-check tokenizers==0.21.0 2>/dev/null
cat > check.cjs <<'JS'
const { readFileSync } = require('fs');
const { Tokenizer } = require('@huggingface/tokenizers');
const { tokens } = new Tokenizer(JSON.parse(readFileSync('tokenizer.json', 'utf8')), {}).encode('ΟΔΟΣ');
console.log(tokens.join(' '));
JS
cat > check.py <<'PY'
from tokenizers import Tokenizer
print(' '.join(Tokenizer.from_file('tokenizer.json').encode('ΟΔΟΣ').tokens))
PY
javascript=$(node check.cjs)
compiled=$(v/bin/python check.py)
echo "JavaScript: $javascript"
echo "compiled:   $compiled"
[ "$javascript" = 'ο ##δ ##ο ##ς' ] && [ "$compiled" = 'ο ##δ ##ο ##σ' ]
