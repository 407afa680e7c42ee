// The page's worker: it alone computes, so the page answers meanwhile. It asks nobody for anything.
"use strict";

let wasm, memory;
/** The job that is under way; a newer one takes its place between two batches. */
let job = null;

const bytesOf = (base64) => {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
};

const decoded = (address, count) => new TextDecoder().decode(new Uint8Array(memory.buffer, address >>> 0, count));
const sentence = () => decoded(wasm.sentence(), wasm.sentenceCount());

/** Copies bytes into the module's memory, which the call that takes them gives back. */
const place = (bytes) => {
  const address = wasm.allocate(bytes.length) >>> 0;
  new Uint8Array(memory.buffer, address, bytes.length).set(bytes);
  return address;
};

function start({ modules, model, name }) {
  const found = modules.map(({ name, base64 }) => ({ name, bytes: bytesOf(base64) }))
    .find(({ bytes }) => WebAssembly.validate(bytes));
  if (!found) throw new Error("This browser has no WebAssembly with 128-bit vectors: a newer one is needed.");
  const { log, sin, cos, acos, pow } = Math;
  const number = (address, count) => Number(decoded(address, count));
  const env = { log, sin, cos, acos, pow, number };
  wasm = new WebAssembly.Instance(new WebAssembly.Module(found.bytes), { env }).exports;
  memory = wasm.memory;
  postMessage({ type: "module", name: found.name });
  load({ bytes: bytesOf(model), name });
}

function load({ bytes, name }) {
  const words = new TextEncoder().encode(name);
  const isLoaded = wasm.load(place(bytes), bytes.length, place(words), words.length) === 1;
  if (!isLoaded) return postMessage({ type: "refusal", text: sentence() });
  job = null;
  postMessage({
    type: "network", name, text: sentence(), width: wasm.width(), height: wasm.height(),
    memory: memory.buffer.byteLength,
  });
}

/** Pictures [count, height, width, 3] as the canvas wants them, one array each. */
function unpack(address, count) {
  const pixels = wasm.width() * wasm.height();
  const source = new Uint8Array(memory.buffer, address >>> 0, count * pixels * 3);
  const pictures = [];
  for (let n = 0, i = 0; n < count; n++) {
    const picture = new Uint8ClampedArray(pixels * 4);
    for (let j = 0; j < picture.length; j += 4) {
      picture[j] = source[i++];
      picture[j + 1] = source[i++];
      picture[j + 2] = source[i++];
      picture[j + 3] = 255;
    }
    pictures.push(picture);
  }
  return pictures;
}

/** One batch; then messages have their turn. */
function step() {
  if (!job) return;
  const mine = job;
  const count = Math.min(wasm.batch(), mine.count - mine.done);
  const address = mine.type === "draw"
    ? wasm.draw(BigInt.asUintN(64, mine.seed + BigInt(mine.done)), count, mine.truncation)
    : wasm.walk(mine.from, mine.to, mine.count, mine.done, count, mine.truncation);
  if (address === 0) {
    job = null;
    return postMessage({ type: "refusal", text: sentence() });
  }
  const pictures = unpack(address, count);
  postMessage({ type: "pictures", job: mine.job, first: mine.done, pictures }, pictures.map((p) => p.buffer));
  mine.done += count;
  if (mine.done === mine.count) job = null;
  else channel.port2.postMessage(null);
}
const channel = new MessageChannel();
channel.port1.onmessage = () => guarded(step);

/** A module that has stopped, for want of memory as a rule, is of no more use. */
function guarded(body) {
  try {
    body();
  } catch (error) {
    postMessage({ type: "end", text: error instanceof WebAssembly.RuntimeError
      ? "That was more than this page could hold, or a fault of its own (" + error.message + ")" : error.message });
  }
}

onmessage = ({ data }) => guarded(() => {
  if (data.type === "start") start(data);
  else if (data.type === "load") load(data);
  else {
    const isIdle = !job;
    job = { ...data, done: 0 };
    if (isIdle) step();
  }
});
