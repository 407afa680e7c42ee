"""What the format's own library says to headers, sound and not: writes headers.json beside itself, for HeaderTests.

    python3 headers.py      the committed file was made with safetensors 0.8.0

Each case is a header, the number of zero bytes after it, and what the library reads: names and metadata, or null where
it refuses the file.
"""
import json
import pathlib
import struct
import tempfile

from safetensors import safe_open

ONE = '"dtype":"F32","shape":[1],"data_offsets":[0,4]'
FIELDS = [  # values of a field that no reader knows
    "1", "-0", "1e999", "-1e400", "1e308", "1e-999", "0e999999999999", "123456789012345678901234567890", "01", "1.", ".5", "+1",
    "1e", "1e+", "1E-2", "-", "NaN", "tru", "true", "false", "null", "nul", '"x"', '"\\x"', '"\\ud800"', '"\\ud83d\\ude00"',
    '"\\/\\b\\f\\n\\r\\t\\\\\\""', "[]", "{}", "[1,]", "[,1]", '[{"y":null},-1.5e3,true]', '{"y":1,"y":2}', '{"y"}', "{1:2}", "[1 2]",
    "[" * 125 + "]" * 125, "[" * 126 + "]" * 126, '{"a":' * 125 + "1" + "}" * 125, '{"a":' * 126 + "1" + "}" * 126, "", "[", "1]", "'x'",
]
HEADERS = [
    ("{}", 0), (" {}", 0), ("\n{}", 0), ("{} \n\t\r", 0), ("{}\0", 0), ("\ufeff{}", 0), ("{}//", 0), ("null", 0), ("[]", 0), ("{}{}", 0),
    ('{"__metadata__":null}', 0), ('{"__metadata__": null }', 0), ('{"__metadata__":nil}', 0), ('{"__metadata__":{}}', 0),
    ('{"__metadata__":[]}', 0), ('{"__metadata__":"x"}', 0), ('{"__metadata__":1}', 0), ('{"__metadata__":{"a":"b","":""}}', 0),
    ('{"__metadata__":{"a":null}}', 0), ('{"__metadata__":{"a":1}}', 0), ('{"__metadata__":{"a":{"b":"c"}}}', 0), ('{"__metadata__":{"a":["b"]}}', 0),
    ('{"__metadata__":{"a":"\\u0000\\u00e9"}}', 0), ('{"__metadata__":{},"__metadata__":{}}', 0), ('{"__metadata__":null,"__metadata__":null}', 0),
    ('{"__METADATA__":{}}', 0), ('{"x":"text"}', 0), ('{"a":null}', 0), ('{"a":1}', 0), ('{"a":{}}', 0), ("{'a':{}}", 0),
    ('{"a":{%s}}' % ONE, 4), ('{"a":{%s}}' % ONE, 3), ('{"a":{%s}}' % ONE, 5), ('{"a":{%s},}' % ONE, 4), ('{"a":{%s,}}' % ONE, 4), ('{"a":{%s}} x' % ONE, 4),
    ('{"__metadata__":{"format":"pt"},"a":{%s}}' % ONE, 4), ('{"a":{%s},"__metadata__":{"format":"pt"}}' % ONE, 4),
    ('{"a\\u0000":{%s}}' % ONE, 4), ('{"a\x01":{%s}}' % ONE, 4), ('{"\x7f":{%s}}' % ONE, 4), ('{"":{%s}}' % ONE, 4), ('{"\\ud800":{%s}}' % ONE, 4),
    ('{"\\udc00":{%s}}' % ONE, 4), ('{"\\ud83d\\ude00":{%s}}' % ONE, 4), ('{"a":{%s,"\\ud800":1}}' % ONE, 4), ('{"a":{%s,"dtype":"F32"}}' % ONE, 4),
    ('{"a":{"dtype":"f32","shape":[1],"data_offsets":[0,4],"DTYPE":"F32"}}', 3), ('{"a":{"dtype":null,"shape":[1],"data_offsets":[0,4]}}', 4),
    ('{"a":{%s,"x":1,"x":2}}' % ONE, 4), ('{"a":{"x":1,%s}}' % ONE, 4), ('{"a":{%s},"b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}' % ONE, 4),
    ('{"a":{%s},"b":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}}' % ONE, 4), ('{"a":{%s},"b":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}}' % ONE, 4),
    ('{"a":{%s},"b":{%s}}' % (ONE, ONE), 4), ('{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', 8), ('{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}', 4),
    ('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}', 4), ('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}', 4),
    ('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,99999999999999999999]}}', 4), ('{"a":{"dtype":"F32","shape":[1],"data_offsets":{"0":0,"1":4}}}', 4),
    ('{"a":{"shape":[1],"data_offsets":[0,4]}}', 4), ('{"a":{"dtype":"F32","data_offsets":[0,4]}}', 4), ('{"a":{"dtype":"F32","shape":[1]}}', 4),
] + [('{"a":{"dtype":"F32","shape":%s,"data_offsets":[0,4]}}' % shape, 4) for shape in [
    "[]", "[1.0]", "[1e0]", "[-0]", "[-1]", "[01]", '["1"]', "null", "{}", "[2]", "[%s]" % ",".join(["1"] * 9), "[%s]" % ",".join(["1"] * 1000),
]] + [('{"a":{"dtype":"%s","shape":%s,"data_offsets":[0,0]}}' % case, 0) for case in [
    ("F32", "[0]"), ("F32", "[0,9]"), ("F32", "[-0]"), ("F64", "[2305843009213693952,0]"), ("F32", "[4294967296,4294967296]"), ("F32", "[4611686018427387904]"),
    ("F32", "[4294967296,4294967296,0]"), ("F32", "[0,4294967296,4294967296]"), ("F32", "[18446744073709551616,0]"), ("F4", "[0]"),
]] + [('{"a":{%s,"x":%s}}' % (ONE, value), 4) for value in FIELDS] + [
    ('{"a":{"dtype":"%s","shape":[%d],"data_offsets":[0,%d]}}' % (dtype, count, size), size)
    for dtype, bits in {
        "BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8,
        "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "C64": 64, "F64": 64, "I64": 64,
        "U64": 64,
    }.items() for count in [3, 4] for size in [(count * bits + 7) // 8, (count * bits + 7) // 8 + 1]
]


def read(header, data):
    text = header.encode()
    with tempfile.NamedTemporaryFile() as file:
        file.write(struct.pack("<Q", len(text)) + text + bytes(data))
        file.flush()
        try:
            with safe_open(file.name, "np") as tensors:
                return {"names": sorted(tensors.keys()), "metadata": tensors.metadata() or {}}
        except Exception as error:
            if "Error while deserializing header" not in str(error):
                raise
            return None


cases = [{"header": header, "data": data, "reads": read(header, data)} for header, data in HEADERS]
text = "[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n"
pathlib.Path(__file__).with_name("headers.json").write_text(text)
