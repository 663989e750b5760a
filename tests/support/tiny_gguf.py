#!/usr/bin/env python3
"""Usage: tiny_gguf.py OUT.gguf [SEED]      writes a tiny Qwen2 model with random weights, for llama-server; standard library only.

It has 270 tokens (256 bytes, five merges, nine specials for chat and fill-in-the-middle), two layers and 435 KB. It babbles printable
ASCII, the same for the same seed and prompt on one machine, and never ends by itself: a test ends it with a stop string, a token limit, or
`"logit_bias": {"263": 100}`, which is <|im_end|>.
"""
import random
import struct
import sys
from array import array

WIDTH, HEADS, KV_HEADS, FEED_FORWARD, LAYERS, CONTEXT = 64, 4, 2, 128, 2, 131072
HEAD = WIDTH // HEADS
MERGES = [("Ġ", "a"), ("r", "e"), ("t", "u"), ("i", "n"), ("f", "n")]
SPECIALS = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>",
    "<|repo_name|>", "<|file_sep|>",
]
CHAT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

# The type codes of GGUF version 3.
U32, I32, F32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
FORMATS = {U32: "<I", I32: "<i", F32: "<f", BOOL: "<?"}
ALIGNMENT = 32


def byte_tokens():
    """GPT-2's printable stand-in for each byte."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    stand_ins = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(stand_ins)) for byte in range(256)]


def encode(kind, value):
    if kind == STRING:
        data = value.encode()
        return struct.pack("<Q", len(data)) + data
    return struct.pack(FORMATS[kind], value)


def pair(key, kind, value):
    return encode(STRING, key) + struct.pack("<I", kind) + encode(kind, value)


def list_pair(key, kind, values):
    return encode(STRING, key) + struct.pack("<IIQ", ARRAY, kind, len(values)) + b"".join(encode(kind, v) for v in values)


def metadata():
    tokens = byte_tokens() + [left + right for left, right in MERGES]
    ordinary = len(tokens)
    tokens += SPECIALS
    number = {token: ordinary + i for i, token in enumerate(SPECIALS)}
    roles = {
        "bos": "<|endoftext|>", "eos": "<|im_end|>", "padding": "<|endoftext|>", "fim_pre": "<|fim_prefix|>", "fim_suf": "<|fim_suffix|>",
        "fim_mid": "<|fim_middle|>", "fim_pad": "<|fim_pad|>", "fim_rep": "<|repo_name|>", "fim_sep": "<|file_sep|>",
    }
    pairs = [
        pair("general.architecture", STRING, "qwen2"),
        pair("general.name", STRING, "tiny-random-coder"),
        pair("general.file_type", U32, 0),
        pair("qwen2.block_count", U32, LAYERS),
        pair("qwen2.context_length", U32, CONTEXT),
        pair("qwen2.embedding_length", U32, WIDTH),
        pair("qwen2.feed_forward_length", U32, FEED_FORWARD),
        pair("qwen2.attention.head_count", U32, HEADS),
        pair("qwen2.attention.head_count_kv", U32, KV_HEADS),
        pair("qwen2.attention.layer_norm_rms_epsilon", F32, 1e-6),
        pair("qwen2.rope.freq_base", F32, 10000.0),
        pair("qwen2.vocab_size", U32, len(tokens)),
        pair("tokenizer.ggml.model", STRING, "gpt2"),
        pair("tokenizer.ggml.pre", STRING, "qwen2"),
        list_pair("tokenizer.ggml.tokens", STRING, tokens),
        list_pair("tokenizer.ggml.token_type", I32, [1] * ordinary + [3] * len(SPECIALS)),
        list_pair("tokenizer.ggml.merges", STRING, [f"{left} {right}" for left, right in MERGES]),
        pair("tokenizer.ggml.add_bos_token", BOOL, False),
        pair("tokenizer.chat_template", STRING, CHAT_TEMPLATE),
        *(pair(f"tokenizer.ggml.{role}_token_id", U32, number[token]) for role, token in roles.items()),
    ]
    return pairs, len(tokens)


def tensors(vocabulary, seed):
    """Yields (name, shape with the fastest axis first, values)."""
    generator = random.Random(seed)

    def noise(count, scale=0.3):
        return array("f", (generator.gauss(0.0, scale) for _ in range(count)))

    yield "token_embd.weight", (WIDTH, vocabulary), noise(WIDTH * vocabulary)
    # All rows but those of printable bytes stay zero, so that nothing else is ever sampled.
    printable = {10, *range(32, 127)}
    output = array("f")
    for token in range(vocabulary):
        output.extend(noise(WIDTH, 1.2) if token in printable else array("f", bytes(4 * WIDTH)))
    yield "output.weight", (WIDTH, vocabulary), output
    yield "output_norm.weight", (WIDTH,), array("f", [1.0] * WIDTH)
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        for name in ("attn_norm", "ffn_norm"):
            yield f"{block}{name}.weight", (WIDTH,), array("f", [1.0] * WIDTH)
        for name, size in (("attn_q", HEADS * HEAD), ("attn_k", KV_HEADS * HEAD), ("attn_v", KV_HEADS * HEAD)):
            yield f"{block}{name}.weight", (WIDTH, size), noise(WIDTH * size)
            yield f"{block}{name}.bias", (size,), array("f", bytes(4 * size))
        for name, shape in (
            ("attn_output", (HEADS * HEAD, WIDTH)), ("ffn_gate", (WIDTH, FEED_FORWARD)), ("ffn_up", (WIDTH, FEED_FORWARD)),
            ("ffn_down", (FEED_FORWARD, WIDTH)),
        ):
            yield f"{block}{name}.weight", shape, noise(shape[0] * shape[1])


def padded(size):
    return -(-size // ALIGNMENT) * ALIGNMENT


def main(path, seed):
    pairs, vocabulary = metadata()
    listed = list(tensors(vocabulary, seed))
    directory, offset = [], 0
    for name, shape, values in listed:
        sizes = b"".join(struct.pack("<Q", size) for size in shape)
        # Type 0: 32-bit floats.
        directory.append(encode(STRING, name) + struct.pack("<I", len(shape)) + sizes + struct.pack("<IQ", 0, offset))
        offset += padded(len(values) * 4)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(listed), len(pairs)) + b"".join(pairs) + b"".join(directory)
    with open(path, "wb") as file:
        file.write(head.ljust(padded(len(head)), b"\0"))
        for _, _, values in listed:
            if sys.byteorder == "big":
                values.byteswap()
            data = values.tobytes()
            file.write(data.ljust(padded(len(data)), b"\0"))


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1)
