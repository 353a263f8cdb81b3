"""Tokens of texts by Hugging Face's tokenizers, with the vocabulary ../tiny-bert: ../text_tokens.json.

Needs transformers 4.38.2 with tokenizers. Run: python text_tokens.py
"""
import json
from pathlib import Path

from transformers import AutoTokenizer

GOLDEN = Path(__file__).parent.parent
TEXTS = ['cat. hot dog. traffic light. ', 'A cat, the DOG!  Café (red) person/car', 'ΟΔΟΣ cats 中国 e\u0301t\u0301 plate  let\tbloodcells', '',
         '😀 cat 😀dog. x', 'a\u00a0b\u200bc\u0000d. "quoted" 12.5%', 'hot-dog. cat', 'İstanbul straße ﬁsh', 'a' * 101 + ' cat']
tokenizer = AutoTokenizer.from_pretrained(str(GOLDEN / 'tiny-bert'))
out = []
for text in TEXTS:
    encoded = tokenizer([text])
    out.append(dict(text=text, ids=encoded['input_ids'][0], tokens=[encoded.char_to_token(i) for i in range(len(text))],
                    pieces=tokenizer.tokenize(text)))
(GOLDEN / 'text_tokens.json').write_text(json.dumps(out, ensure_ascii=False, separators=(',', ':')) + '\n')
